import { createAnswerCache, type AnswerCache } from '../cache/answer-cache.ts';
import { Flight } from '../cache/flight.ts';
import type { Tier } from '../cache/tier.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Outcome } from '../ledger/record.ts';
import type { Log } from '../telemetry/log.ts';
import { wholeBody, type AnswerBody } from './body.ts';
import { followed, replayed, type Flying, type Made, type Whole } from './kept-again.ts';
import { CACHE_HEADER, keptKey } from './kept-wish.ts';
import type { Answer, AnswerRequest } from './passage.ts';
import type { Routed } from './route.ts';
import type { Runtime } from './runtime.ts';

/** Answers that are given again, and those that are being made. */
export interface Kept {
  readonly cache: AnswerCache;
  /** By the hash of the request. */
  readonly flights: Map<string, Promise<Made>>;
  /** What ends the making of each, and when it is in the books. */
  readonly underWay: Map<AbortController, Promise<unknown>>;
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
      const warnings = [...answer.warnings];
      cache.keep(key, { contentType, model, provider, baselineCost, warnings, until: clock.now() + ttl, body });
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
  const key = keptKey(request, routed);
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
  const headers = { ...answer.head.headers, [CACHE_HEADER]: 'miss' };
  return { ...answer, head: { ...answer.head, headers }, body: bodyOf(first) ?? answer.body };
}
