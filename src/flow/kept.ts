import { createAnswerCache, type AnswerCache } from '../cache/answer-cache.ts';
import type { CachedAnswer } from '../cache/cached-answer.ts';
import { Flight } from '../cache/flight.ts';
import { cacheKey } from '../cache/key.ts';
import type { Tier } from '../cache/tier.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { durationOf } from '../config/units.ts';
import { strategyName } from '../decide/strategy.ts';
import { SignalboxError } from '../errors.ts';
import type { NanoUsd, Outcome } from '../ledger/record.ts';
import { codecOf } from '../protocol/registry.ts';
import { publishOutcome } from './activity.ts';
import { wholeBody, type AnswerBody } from './body.ts';
import { addSignalboxHeaders } from './head.ts';
import { intentOf } from './intent.ts';
import type { Answer, AnswerRequest } from './passage.ts';
import type { Routed } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Log } from '../telemetry/log.ts';

/** Answers that are given again, and those that are being made. */
export interface Kept {
  readonly cache: AnswerCache;
  /** By the hash of the request. */
  readonly flights: Map<string, Promise<Made>>;
  /** What ends the making of each, and when it is in the books. */
  readonly underWay: Map<AbortController, Promise<unknown>>;
}

/** What a request's first asker gets, for whoever asks the same meanwhile. */
type Made = { readonly cached: CachedAnswer } | Flying | Whole;

interface Flying {
  readonly answer: Answer;
  readonly flight: Flight;
}

interface Whole {
  readonly answer: Answer;
  readonly whole: Uint8Array;
}

/** Where answers are kept beside each process, by what is written in `cache.tier`. */
export interface Tiers {
  readonly store?: Tier;
  readonly redis?: Tier | undefined;
}

/** Opens what answers are kept in. */
export function openKept({ cache }: Pick<Config, 'cache'>, clock: Clock, log: Log, tiers: Tiers = {}): Kept {
  const tier = cache.tier === 'memory' ? undefined : tiers[cache.tier];
  if (cache.tier !== 'memory' && tier === undefined) {
    log.warn({ tier: cache.tier }, 'answers are kept in the memory of each process only: that tier is not there');
  }
  const failed = (error: unknown) => log.warn({ error: String(error) }, 'the outer tier of the cache failed');
  return { cache: createAnswerCache(clock, cache, tier, failed), flights: new Map(), underWay: new Map() };
}

/** Ends the making of answers that nobody waits for any more; resolves when they are in the books. */
export async function closeKept({ underWay }: Kept): Promise<void> {
  for (const left of underWay.keys()) left.abort();
  await Promise.all(underWay.values());
}

const HEADER = 'x-signalbox-cache';
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
    throw new SignalboxError('invalid_request', `${HEADER}: expected on, off, or a duration such as 10m`, {
      param: HEADER,
    });
  }
  const codec = codecOf(request.dialect);
  // What is told about one request, or goes on with what a provider keeps, is for that request only.
  if (wanted === undefined || request.explain || plan.routing.expose === 'body') return undefined;
  return codec.bound?.(request.parsed) === true ? undefined : wanted;
}

/** The caller's wishes that reach a provider, or the choice of one. */
function keyOf(
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

/** Writes down a request that nothing was called for. */
function booksOf(
  request: AnswerRequest,
  routed: Routed,
  from: Pick<CachedAnswer, 'model' | 'provider'>,
  runtime: Runtime,
) {
  const { clock, journal, recent } = runtime;
  const intent = intentOf(request, routed, 0n, runtime);
  recent.opened(intent);
  const overheadMs = Math.max(0, clock.elapsed() - request.started - request.waited);
  let resolve: (outcome: Outcome) => void = () => {};
  const settled = new Promise<Outcome>((done) => (resolve = done));
  let open = true;
  return {
    written: journal.grouped(intent),
    overheadMs,
    settled,
    settle(status: Exclude<Outcome['status'], 'interrupted'>, httpStatus: number, baselineCost: NanoUsd | null): void {
      if (!open) return;
      open = false;
      const outcome: Outcome = {
        kind: 'outcome',
        id: request.id,
        at: clock.now(),
        status,
        httpStatus,
        model: from.model,
        provider: from.provider,
        attempts: [],
        cached: true,
        cost: 0n,
        baselineCost,
        ms: clock.elapsed() - request.started,
        overheadMs,
      };
      journal.settle(outcome);
      publishOutcome(intent, outcome, runtime);
      resolve(outcome);
    },
  };
}

type Books = ReturnType<typeof booksOf>;

/** A body that is settled before its last bytes. */
function settledBody({ answer }: Flying, body: AsyncIterable<Uint8Array>, books: Books): AnswerBody {
  const source = body[Symbol.asyncIterator]();
  const { status } = answer.head;
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const step = await source.next();
        if (step.done === true) {
          const outcome = await answer.settled;
          books.settle(outcome.status === 'ok' ? 'ok' : 'failed', status, outcome.baselineCost);
        }
        return step;
      } catch (error) {
        books.settle('failed', status, null);
        throw error;
      }
    },
    async return() {
      books.settle('cancelled', status, null);
      await source.return?.();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function headersOf(
  request: AnswerRequest,
  { decision }: Routed,
  { model, provider, contentType }: Pick<CachedAnswer, 'model' | 'provider' | 'contentType'>,
  { overheadMs }: Books,
  { memory }: Runtime,
  how: 'hit' | 'shared',
): Record<string, string> {
  const facts = {
    requestId: request.id,
    decision,
    attempts: 0,
    model,
    provider,
    session: memory.step(request, model),
    overheadMs,
    warnings: [],
    cost: 0n,
  };
  const headers = addSignalboxHeaders({ 'content-type': contentType }, facts);
  return { ...headers, 'x-signalbox-fallback': 'false', [HEADER]: how };
}

async function replayed(
  request: AnswerRequest,
  routed: Routed,
  cached: CachedAnswer,
  runtime: Runtime,
): Promise<Answer> {
  const books = booksOf(request, routed, cached, runtime);
  const headers = headersOf(request, routed, cached, books, runtime, 'hit');
  await books.written;
  books.settle('ok', 200, cached.baselineCost);
  return { head: { status: 200, headers }, body: wholeBody(cached.body), settled: books.settled, warnings: new Set() };
}

/** The answer that another request is getting, from its beginning. */
async function followed(
  request: AnswerRequest,
  routed: Routed,
  made: Flying | Whole,
  body: AsyncIterable<Uint8Array>,
  runtime: Runtime,
): Promise<Answer> {
  const { answer } = made;
  const { status, headers: told } = answer.head;
  const from = {
    model: told['x-signalbox-model'] ?? routed.decision.chosen,
    provider: told['x-signalbox-provider'] ?? '',
    contentType: told['content-type'] ?? 'application/json',
  };
  const books = booksOf(request, routed, from, runtime);
  const headers = headersOf(request, routed, from, books, runtime, 'shared');
  await books.written;
  if ('whole' in made) {
    const { baselineCost } = await answer.settled;
    books.settle(answer.error === undefined ? 'ok' : 'failed', status, baselineCost);
  }
  return {
    head: { status, headers },
    body: 'whole' in made ? body : settledBody(made, body, books),
    settled: books.settled,
    warnings: answer.warnings,
    ...(answer.error === undefined ? {} : { error: answer.error }),
  };
}

/** Finish reasons of answers that say all there was to say. */
const COMPLETE: ReadonlySet<Outcome['finishReason']> = new Set(['stop', 'length', 'tool-calls', undefined]);

/** Makes an answer, for its asker and everyone who asks the same meanwhile, and keeps it. */
async function made(
  request: AnswerRequest,
  key: string,
  ttl: number,
  { kept: { cache, flights, underWay }, clock }: Runtime,
  make: (request: AnswerRequest) => Promise<Answer>,
): Promise<Made> {
  const far = await cache.far(key);
  if (far !== undefined) {
    flights.delete(key);
    return { cached: far };
  }
  const mine = flights.get(key);
  const closed = (): void => {
    if (flights.get(key) === mine) flights.delete(key);
  };
  const left = new AbortController();
  const making = make({ ...request, signal: left.signal });
  const booked = making.then(({ settled }) => settled).catch(() => {});
  underWay.set(
    left,
    booked.finally(() => underWay.delete(left)),
  );
  const answer = await making;
  const ended = (body: Uint8Array | undefined): void => {
    if (body === undefined) return;
    void answer.settled.then(({ status, httpStatus, finishReason, model = '', provider = '', baselineCost }) => {
      if (status !== 'ok' || httpStatus !== 200 || !COMPLETE.has(finishReason)) return;
      const contentType = answer.head.headers['content-type'] ?? 'application/json';
      cache.keep(key, { contentType, model, provider, baselineCost, until: clock.now() + ttl, body });
    });
  };
  const { whole } = answer.body;
  if (whole !== undefined) {
    closed();
    ended(whole);
    return { answer, whole };
  }
  const abandoned = () => left.abort();
  return { answer, flight: new Flight(answer.body, { room: cache.maxEntry, closed, abandoned, ended }) };
}

/** The bytes of an answer that is made, from its beginning; undefined when that is not held any more. */
const bodyOf = (made: Flying | Whole): AnswerBody | undefined =>
  'whole' in made ? wholeBody(made.whole) : made.flight.follow();

/** The answer to a request that may have been given, or is being given, before: made once, and charged once. */
export async function keptAnswer(
  request: AnswerRequest,
  routed: Routed,
  ttl: number,
  runtime: Runtime,
  make: (request: AnswerRequest) => Promise<Answer>,
): Promise<Answer> {
  const { cache, flights } = runtime.kept;
  const key = keyOf(request, routed);
  const near = cache.near(key);
  if (near !== undefined) return replayed(request, routed, near, runtime);
  const flying = flights.get(key);
  if (flying !== undefined) {
    const joined = await flying;
    if ('cached' in joined) return replayed(request, routed, joined.cached, runtime);
    const body = bodyOf(joined);
    return body === undefined ? make(request) : followed(request, routed, joined, body, runtime);
  }
  const making = made(request, key, ttl, runtime, make);
  flights.set(key, making);
  let first: Made;
  try {
    // Before whoever joins: the first to read starts it.
    first = await making;
  } catch (error) {
    flights.delete(key);
    throw error;
  }
  if ('cached' in first) return replayed(request, routed, first.cached, runtime);
  const { answer } = first;
  const headers = { ...answer.head.headers, [HEADER]: 'miss' };
  return { ...answer, head: { ...answer.head, headers }, body: bodyOf(first) ?? answer.body };
}
