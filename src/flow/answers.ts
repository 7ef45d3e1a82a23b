import type { SignalboxError } from '../errors.ts';
import { usdOf } from '../ledger/money.ts';
import type { Outcome } from '../ledger/record.ts';
import { addReturnable } from '../protocol/headers.ts';
import { codecOf } from '../protocol/registry.ts';
import type { Seen } from '../protocol/tap.ts';
import { createTranscoder } from '../protocol/transcoder.ts';
import { failureInside } from '../providers/classify.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';
import type { Answer, Passage } from './passage.ts';
import { streamBody, wholeBody } from './body.ts';
import { addSignalboxHeaders } from './head.ts';
import { errorOf } from './policy.ts';
import type { OpenAttempt } from './settlement.ts';
import { writerOptionsOf } from './translate.ts';
import type { Whole } from './whole.ts';

/** What `-explain` puts into an answer. */
function routingOf(passage: Passage, outcome: Outcome): unknown {
  return {
    decision: passage.intent.decision,
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
  readonly upstream?: Pick<UpstreamAnswer, 'headers' | 'dialect'>;
  /** The attempt that answered or was last tried. */
  readonly opened?: OpenAttempt;
  readonly attempts: number;
  readonly cost?: bigint | null;
}

/** The head's headers. Called before the outcome is written: settling makes the model the session's own. */
function headersOf(passage: Passage, head: HeadInput): Record<string, string> {
  const { contentType, upstream, opened, attempts, cost } = head;
  const { intent, routed, settlement, request, runtime } = passage;
  const target = opened?.target ?? routed.targets[0];
  const model = target?.model.id ?? routed.decision.chosen;
  const headers: Record<string, string> = { 'content-type': contentType };
  if (upstream !== undefined) {
    addReturnable(headers, upstream.headers);
    // The type is that of the bytes that the caller gets.
    if (upstream.dialect !== passage.codec.dialect) headers['content-type'] = contentType;
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

/** A complete answer, settled before it is told. */
export function wholeAnswer(passage: Passage, opened: OpenAttempt, upstream: UpstreamAnswer, whole: Whole): Answer {
  const { settlement, codec } = passage;
  settlement.answered(opened, { seen: whole.seen, status: upstream.status });
  const { cost } = settlement.totals();
  const headers = headersOf(passage, {
    contentType: 'application/json',
    upstream,
    opened,
    attempts: settlement.attempts.length,
    cost,
  });
  const outcome = settlement.finish({ status: 'ok', httpStatus: upstream.status });
  return {
    head: { status: upstream.status, headers },
    body: wholeBody(passage.explain ? codec.addRouting(whole.bytes, routingOf(passage, outcome)) : whole.bytes),
    settled: settlement.settled,
  };
}

/** An answer that is passed on as it comes; settled before its last bytes. */
export function streamedAnswer(passage: Passage, opened: OpenAttempt, upstream: UpstreamAnswer): Answer {
  const { settlement, request, codec } = passage;
  const status = upstream.status;
  const trailer = (seen: Seen): unknown => {
    settlement.answered(opened, { seen, status });
    const outcome = settlement.finish({ status: 'ok', httpStatus: status });
    return passage.explain ? routingOf(passage, outcome) : undefined;
  };
  const { redact } = upstream;
  const tap =
    upstream.dialect === codec.dialect
      ? codec.tap({ strip: !codec.asksForUsage(request.parsed), redact, trailer })
      : createTranscoder({
          from: codecOf(upstream.dialect),
          to: codec,
          writer: writerOptionsOf(passage, opened.target.upstream.name),
          redact,
          trailer,
        });
  const headers = headersOf(passage, {
    contentType: codec.streamType,
    upstream,
    opened,
    attempts: settlement.attempts.length + 1,
  });
  return {
    head: { status, headers },
    body: streamBody({
      upstream: upstream.body,
      tap,
      failureOf: (inside) => failureInside(inside, upstream.redact),
      broken(failure, told) {
        settlement.answered(opened, { seen: tap.seen, status, failure });
        const error = errorOf(failure, opened.target);
        const outcome = settlement.finish({ status: 'failed', httpStatus: status, errorCode: error.code });
        if (told !== undefined) return passage.explain ? codec.addRouting(told, routingOf(passage, outcome)) : told;
        return codec.errorEvent(error, passage.explain ? routingOf(passage, outcome) : undefined);
      },
      cancelled() {
        const failure = new UpstreamFailure('gone', 'the client left');
        settlement.answered(opened, { seen: tap.seen, status, failure });
        settlement.finish({ status: 'cancelled', httpStatus: status, errorCode: 'client_closed' });
      },
    }),
    settled: settlement.settled,
  };
}

/** Failures whose body tells the caller something that our envelope would hide. */
function ownWords(
  because: UpstreamFailure | undefined,
): because is UpstreamFailure & { body: Uint8Array; status: number } {
  if (because?.body === undefined || because.status === undefined) return false;
  // An authentication error echoes parts of the key.
  return because.failure !== 'auth' && because.failure !== 'quota' && because.status >= 400;
}

/** The answer when no upstream gave one: the upstream's own words in the same dialect, else our envelope. */
export function failedAnswer(passage: Passage, error: SignalboxError, because?: UpstreamFailure): Answer {
  const { settlement, codec } = passage;
  settlement.givenUp();
  const own = ownWords(because);
  const status = own ? because.status : error.status;
  const headers = headersOf(passage, {
    contentType: 'application/json',
    ...(own ? { upstream: { headers: because.headers, dialect: codec.dialect } } : {}),
    attempts: settlement.attempts.length,
    cost: settlement.totals().cost,
  });
  const outcome = settlement.finish({
    status: error.code === 'client_closed' ? 'cancelled' : 'failed',
    httpStatus: status,
    errorCode: error.code,
  });
  const envelope = own ? because.body : codec.error(error);
  return {
    head: {
      status,
      headers: {
        ...headers,
        ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
        // Every retry that could help has been made here.
        ...(error.retryable ? { 'x-should-retry': 'false' } : {}),
      },
    },
    // The upstream's own words stay as they are.
    body: wholeBody(passage.explain && !own ? codec.addRouting(envelope, routingOf(passage, outcome)) : envelope),
    settled: settlement.settled,
    error,
  };
}
