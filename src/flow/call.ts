import type { TimeoutsConfig } from '../config/schema.ts';
import type { Target } from '../decide/targets.ts';
import { UpstreamFailure, type Limits, type UpstreamAnswer } from '../providers/provider.ts';
import type { Passage } from './passage.ts';
import { translateRequest, type WireEdit } from './translate.ts';

/** A model that writes slower than this is taken for one that does not answer, tokens per second. */
const SLOWEST = 25;
/** Output tokens that an answer may have, where nobody limits it, as a multiple of what is expected; and at least. */
const LONGER = 4;
const LEAST_TOKENS = 1024;

/**
 * How long a whole answer may be written before its first byte is here, milliseconds: it is sent when it is complete.
 * Without limit where nobody else could answer.
 */
function generationMs({ routed, attempts }: Passage, target: Target): number {
  const tried = new Set(attempts.map(({ target: { upstream } }) => upstream.id));
  const others = routed.targets.some(({ upstream }) => upstream.id !== target.upstream.id && !tried.has(upstream.id));
  if (!others) return Number.POSITIVE_INFINITY;
  const expected = routed.decision.ranking.find(({ model }) => model.id === target.model.id)?.outputTokens ?? 0;
  const tokens = routed.query.maxOutput ?? Math.max(LEAST_TOKENS, LONGER * expected);
  return (tokens / SLOWEST) * 1000;
}

function limitsOf(passage: Passage, target: Target, remaining: number): Limits {
  const { snapshot } = passage;
  const { config } = snapshot;
  const provider = config.providers[target.upstream.provider];
  const own = provider?.timeouts ?? {};
  const limit = (name: keyof TimeoutsConfig): number => own[name] ?? config.timeouts[name];
  // The chain has one deadline; a provider of its own `total` may have less of it.
  const total = Math.min(remaining, own.total ?? remaining);
  const reasoning = passage.routed.query.needs.has('reasoning') || target.model.capabilities.has('reasoning');
  const firstToken =
    snapshot.providers.get(target.upstream.provider)?.local === true
      ? limit('firstTokenLocal')
      : reasoning
        ? limit('firstTokenReasoning')
        : limit('firstToken');
  return {
    connect: limit('connect'),
    firstToken: Math.min(passage.request.stream ? firstToken : firstToken + generationMs(passage, target), total),
    idle: limit('idle'),
    total,
  };
}

/**
 * One upstream call.
 * @throws UpstreamFailure, always classified.
 */
export async function callUpstream(
  passage: Passage,
  target: Target,
  key: number,
  wire: WireEdit,
  remaining: number,
): Promise<UpstreamAnswer> {
  const { request, snapshot } = passage;
  const provider = snapshot.providers.get(target.upstream.provider);
  if (provider === undefined)
    throw new UpstreamFailure('misconfigured', `provider "${target.upstream.provider}" is not configured`, {
      unsent: true,
    });
  const call = {
    ...translateRequest(passage, provider, wire),
    endpoint: 'chat' as const,
    stream: request.stream,
    key,
    ...(provider.callerKey === true && passage.routed.keyProvider === provider.name
      ? { callerKey: request.callerKey }
      : {}),
  };
  try {
    return await provider.call(target.upstream, call, limitsOf(passage, target, remaining), request.signal);
  } catch (error) {
    if (error instanceof UpstreamFailure) throw error;
    throw new UpstreamFailure('sick', 'the provider adapter failed', { cause: error });
  }
}
