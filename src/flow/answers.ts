import { SignalboxError } from '../errors.ts';
import { usdOf } from '../ledger/money.ts';
import type { Outcome } from '../ledger/record.ts';
import { beginsObject } from '../protocol/bytes.ts';
import { addReturnable } from '../protocol/headers.ts';
import type { Seen } from '../protocol/tap.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';
import type { Answer, Passage } from './passage.ts';
import { wholeBody } from './body.ts';
import type { Called } from './called.ts';
import { addSignalboxHeaders } from './head.ts';
import { rememberHolder } from './holder.ts';
import { errorOf } from './policy.ts';
import { promisedBody } from './hold.ts';
import { createLeg } from './leg.ts';
import { relay } from './relay.ts';
import type { OpenAttempt } from './settlement.ts';
import { createTakeOver } from './take-over.ts';
import { toldDecision } from './told.ts';
import { writerOptionsOf } from './translate.ts';
import type { Whole } from './whole.ts';

/** What `-explain` puts into an answer. */
function routingOf(passage: Passage, outcome: Outcome): unknown {
  return {
    decision: toldDecision(passage.intent.decision),
    costUsd: usdOf(outcome.cost),
    baselineCostUsd: usdOf(outcome.baselineCost),
    attempts: outcome.attempts.map(({ cost, ...attempt }) => ({
      ...attempt,
      costUsd: usdOf(cost),
    })),
  };
}

interface HeadInput {
  readonly contentType: string;
  /** Whose headers are told, where they are. */
  readonly upstream?: Pick<UpstreamAnswer, 'headers'>;
  /** The bytes are not the upstream's own: neither is their type. */
  readonly rewritten?: boolean;
  /** The attempt that answered or was last tried. */
  readonly opened?: OpenAttempt;
  readonly attempts: number;
  readonly cost?: bigint | null;
}

/** The head's headers. Called before the outcome is written: settling makes the model the session's own. */
function headersOf(passage: Passage, head: HeadInput): Record<string, string> {
  const { contentType, upstream, rewritten, opened, attempts, cost } = head;
  const { intent, routed, settlement, request, runtime } = passage;
  const target = opened?.target ?? routed.targets[0];
  const model = target?.model.id ?? routed.decision.chosen;
  const headers: Record<string, string> = { 'content-type': contentType };
  if (upstream !== undefined) {
    addReturnable(headers, upstream.headers);
    if (rewritten === true) headers['content-type'] = contentType;
  }
  return addSignalboxHeaders(headers, {
    requestId: intent.id,
    decision: routed.decision,
    attempts,
    model,
    provider: target?.upstream.provider ?? '',
    session: runtime.memory.step(request, model),
    overheadMs: settlement.overhead(),
    warnings: [...passage.warnings],
    cost,
  });
}

/** The account that keeps an answer is the only one that can go on with it. */
function keepsState({ codec, runtime, request }: Passage, { target, key, answer }: Called, { id }: Seen): void {
  if (codec.bound === undefined || answer?.dialect !== codec.dialect || id === undefined) return;
  const { model, upstream } = target;
  const holder = {
    model: model.id,
    provider: upstream.provider,
    key,
    owner: request.key,
    scope: request.callerKey?.scope,
  };
  rememberHolder(runtime.state, id, request.parsed, holder);
}

/** A complete answer, settled before it is told. */
function wholeAnswer(passage: Passage, called: Called, upstream: UpstreamAnswer, whole: Whole): Answer {
  const { settlement, codec, request } = passage;
  const { opened } = called;
  settlement.answered(opened, { seen: whole.seen, status: upstream.status });
  keepsState(passage, called, whole.seen);
  const { cost } = settlement.totals();
  const headers = headersOf(passage, {
    contentType: request.stream ? codec.streamType : 'application/json',
    upstream,
    rewritten: request.stream || upstream.dialect !== codec.dialect,
    opened,
    attempts: settlement.attempts.length,
    cost,
  });
  const outcome = settlement.finish({ status: 'ok', httpStatus: upstream.status });
  return {
    head: { status: upstream.status, headers },
    body: wholeBody(passage.explain ? codec.addRouting(whole.bytes, routingOf(passage, outcome)) : whole.bytes),
    settled: settlement.settled,
    warnings: passage.warnings,
  };
}

/** Says to the caller of a stream that its answer is still being made. */
function pingOf(passage: Passage): Uint8Array | undefined {
  return passage.codec.writer(writerOptionsOf(passage, '')).write({ type: 'ping' });
}

/**
 * The answer to a stream whose upstreams are long in coming: its head is sent with what is known now, and pings until
 * the answer is here. From then on only `routing` at its end tells who answered.
 */
export function heldAnswer(passage: Passage, answer: Promise<Answer>): Answer {
  const { codec, settlement } = passage;
  const { settled } = settlement;
  const headers = headersOf(passage, { contentType: codec.streamType, attempts: settlement.attempts.length + 1 });
  return {
    head: { status: 200, headers },
    body: promisedBody({
      answer,
      ping: () => pingOf(passage),
      failed: async (error) => codec.errorEvent(error, passage.explain ? routingOf(passage, await settled) : undefined),
    }),
    settled: settlement.settled,
    warnings: passage.warnings,
  };
}

/** An answer that is passed on as it comes; settled before its last bytes. */
function streamedAnswer(passage: Passage, first: Called, upstream: UpstreamAnswer): Answer {
  const { settlement, codec, deadline } = passage;
  const { status } = upstream;
  deadline.stands();
  const told = (outcome: Outcome): unknown => (passage.explain ? routingOf(passage, outcome) : undefined);
  const trailer = (called: Called, seen: Seen): unknown => {
    settlement.answered(called.opened, { seen, status });
    keepsState(passage, called, seen);
    return told(settlement.finish({ status: 'ok', httpStatus: status }));
  };
  let current = first;
  const takeOver = createTakeOver(passage, trailer);
  const headers = headersOf(passage, {
    contentType: codec.streamType,
    upstream,
    rewritten: upstream.dialect !== codec.dialect,
    opened: first.opened,
    attempts: settlement.attempts.length + 1,
  });
  return {
    head: { status, headers },
    body: relay({
      first: createLeg(passage, first, upstream, (seen) => trailer(first, seen)),
      async takeOver(failure, leg) {
        const next = await takeOver(failure, leg, current);
        if (next instanceof UpstreamFailure) return next;
        current = next.called;
        return next.leg;
      },
      broken(failure, { tap }) {
        const error = errorOf(failure, current, true);
        // Booked before where a take-over was tried.
        settlement.answered(current.opened, { seen: tap.seen, status, failure });
        settlement.givenUp();
        const routing = told(settlement.finish({ status: 'failed', httpStatus: status, errorCode: error.code }));
        // Words about a key hold parts of it; a caller's own are taken out.
        const secret = !current.callers && (failure.failure === 'auth' || failure.failure === 'quota');
        const { withheld, position } = tap;
        if (withheld === undefined || secret) return codec.errorEvent(error, routing, position);
        return routing === undefined ? withheld : codec.addRouting(withheld, routing);
      },
      cancelled({ tap }) {
        const failure = new UpstreamFailure('gone', 'the client left');
        settlement.answered(current.opened, { seen: tap.seen, status, failure });
        settlement.givenUp(failure);
        settlement.finish({ status: 'cancelled', httpStatus: status, errorCode: 'client_closed' });
      },
      ping: () => pingOf(passage),
    }),
    settled: settlement.settled,
    warnings: passage.warnings,
  };
}

/** The answer of the attempt that was accepted. */
export function answered(passage: Passage, called: Called): Answer {
  const { answer, whole } = called;
  if (answer === undefined) throw new SignalboxError('internal', 'an attempt without an answer was accepted');
  return whole === undefined ? streamedAnswer(passage, called, answer) : wholeAnswer(passage, called, answer, whole);
}

/** Failures whose body tells the caller something that our envelope would hide. */
function ownWords(
  because: UpstreamFailure | undefined,
  { codec: { dialect }, attempts }: Passage,
): because is UpstreamFailure & { body: Uint8Array; status: number } {
  if (because?.body === undefined || because.status === undefined || because.dialect !== dialect) return false;
  // A proxy's page is no envelope, and clients would fail on it.
  if (!beginsObject(because.body)) return false;
  if (because.status < 400) return false;
  // An authentication error echoes parts of the key, which only a caller may see whose own it is.
  if (because.failure !== 'auth' && because.failure !== 'quota') return true;
  return attempts.some(({ failure, callers }) => failure === because && callers);
}

/** The answer when no upstream gave one: the upstream's own words in the same dialect, else our envelope. */
export function failedAnswer(passage: Passage, error: SignalboxError, because?: UpstreamFailure): Answer {
  const { settlement, codec } = passage;
  settlement.givenUp();
  const own = ownWords(because, passage);
  const status = own ? because.status : error.status;
  const headers = headersOf(passage, {
    contentType: 'application/json',
    ...(own ? { upstream: because } : {}),
    attempts: settlement.attempts.length,
    cost: settlement.totals().cost,
  });
  const outcome = settlement.finish({
    status: error.code === 'client_closed' ? 'cancelled' : 'failed',
    httpStatus: status,
    errorCode: error.code,
  });
  const envelope = own ? because.body : codec.error(error, passage.intent.id);
  return {
    head: {
      status,
      headers: {
        ...headers,
        ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
        // Every retry that could help has been made here; what the upstream says of that goes on as it is.
        ...(error.retryable ? { 'x-should-retry': headers['x-should-retry'] ?? 'false' } : {}),
      },
    },
    // The upstream's own words stay as they are.
    body: wholeBody(passage.explain && !own ? codec.addRouting(envelope, routingOf(passage, outcome)) : envelope),
    settled: settlement.settled,
    warnings: passage.warnings,
    error,
  };
}
