import { cacheKey } from '../cache/key.ts';
import { durationOf } from '../config/units.ts';
import { strategyName } from '../decide/strategy.ts';
import { SignalboxError } from '../errors.ts';
import { codecOf } from '../protocol/registry.ts';
import type { AnswerRequest } from './passage.ts';
import type { Routed } from './route.ts';

/** Asks for an answer that is kept, and tells of one. */
export const CACHE_HEADER = 'x-signalbox-cache';
/** How long an answer is kept when a header asks for it and nothing says how long, milliseconds. */
const DEFAULT_TTL_MS = 3_600_000;

/**
 * How long the request's answer may be kept, milliseconds; undefined = it is not.
 * @throws `invalid_request` when the header makes no sense
 */
export function keptFor(request: AnswerRequest, { plan }: Routed): number | undefined {
  const { cache } = plan.routing;
  const wish = request.cache?.trim().toLowerCase();
  const ttl = cache === 'off' ? undefined : cache.ttl;
  const wanted =
    wish === undefined ? ttl : wish === 'on' ? (ttl ?? DEFAULT_TTL_MS) : wish === 'off' ? undefined : durationOf(wish);
  if (wanted === null) {
    throw new SignalboxError('invalid_request', `${CACHE_HEADER}: expected on, off, or a duration such as 10m`, {
      param: CACHE_HEADER,
    });
  }
  const codec = codecOf(request.dialect);
  // What is told about one request, or goes on with what a provider keeps, is for that request only.
  if (wanted === undefined || request.explain || plan.routing.expose === 'body') return undefined;
  return codec.bound?.(request.parsed) === true ? undefined : wanted;
}

/** The hash of all that makes a request this one: whose it is, what reaches a provider, and what the choice depends on. */
export function keptKey(
  { dialect, parsed, key, callerKey, headers, wishes, stream }: AnswerRequest,
  { decision, plan }: Routed,
): string {
  const { 'user-agent': _agent, 'x-request-id': _id, ...sent } = headers;
  return cacheKey({
    scope: callerKey === undefined ? [key, decision.role] : [key, decision.role, callerKey.scope],
    context: [
      dialect,
      String(stream),
      wishes.strategy === undefined ? undefined : strategyName(decision.strategy),
      // Whoever may not ask a model any more gets none of its answers.
      decision.versions.catalog,
      ...[plan.roleModels, plan.keyModels].map((ids) => ids && [...ids].sort().join(' ')),
      ...Object.entries(sent)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`),
    ],
    body: parsed,
  });
}
