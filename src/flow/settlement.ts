import type { Target } from '../decide/targets.ts';
import { attemptCost } from '../ledger/money.ts';
import type { AttemptRecord, Intent, NanoUsd, Outcome, OutcomeStatus } from '../ledger/record.ts';
import type { Usage } from '../protocol/chat.ts';
import type { Seen } from '../protocol/tap.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { estimateTokens } from '../query/tokens.ts';
import { createBaseline } from './baseline.ts';
import { mayBeBilled } from './billing.ts';
import { addUsage } from './continuation.ts';
import type { WithoutQuotes } from './quotes.ts';
import type { OpenCall } from './health.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** One upstream call while it runs. */
export interface OpenAttempt {
  readonly target: Target;
  /** Clock reading at the call. */
  readonly started: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds until the answer's first byte. */
  firstByteMs?: number;
  /** Told when it is over. */
  watched?: OpenCall;
}

/** An answer that the caller got, all of it or its beginning. */
export interface Ended {
  readonly seen: Seen;
  /** The upstream's own. */
  readonly status: number;
  /** Why it ended before it was complete. */
  readonly failure?: UpstreamFailure | undefined;
}

/** How the request ended, as the loop knows it. */
export interface Ending {
  readonly status: Exclude<OutcomeStatus, 'interrupted'>;
  readonly httpStatus: number;
  readonly errorCode?: string;
}

/** Collects the attempts of one request and writes its outcome exactly once. */
export interface Settlement {
  readonly attempts: readonly AttemptRecord[];
  readonly settled: Promise<Outcome>;
  /** Milliseconds spent waiting for an upstream: not Signalbox's own. */
  waited(ms: number): void;
  /** An upstream call begins. */
  began(target: Target): OpenAttempt;
  /** It gave no answer; what may have been billed for it is booked as an estimate. */
  failed(attempt: OpenAttempt, failure: UpstreamFailure): void;
  /** Books a call that is still under way when the request ends for another reason. */
  givenUp(cause?: UpstreamFailure): void;
  /** The attempt whose answer the caller gets has ended, well or not. */
  answered(attempt: OpenAttempt, answer: Ended): void;
  /** The caller has the beginning of an answer that another attempt goes on with; gives its tokens, all legs' so far. */
  cut(attempt: OpenAttempt, answer: Ended): Usage;
  /** Whether the outcome is written: nothing may be called any more. */
  isOver(): boolean;
  /** Sums over the attempts so far. */
  totals(): { readonly cost: NanoUsd | null };
  /** Milliseconds that Signalbox itself has taken, fixed at the first call: when the head is ready. */
  overhead(): number;
  /** Writes the outcome, a whole answer's at the end of this turn of the event loop; later calls return the first. */
  finish(ending: Ending): Outcome;
}

export interface SettlementInput {
  readonly intent: Intent;
  /** Estimated tokens of the request, for answers that do not say. */
  readonly inputTokens: number;
  readonly snapshot: Snapshot;
  readonly runtime: Runtime;
  /** Clock reading at ingress. */
  readonly started: number;
  /** Milliseconds since then spent waiting for the caller's body. */
  readonly waited: number;
  /** What may be told of a message about the request. */
  readonly words: WithoutQuotes;
  /** Gives back what was set aside and is not used: what it cost, and the tokens of all calls. */
  readonly settle: (cost: NanoUsd | null, usage: () => Usage | undefined) => void;
  /** Called once, right after the outcome is in the journal. */
  readonly announce: (outcome: Outcome) => void;
}

function totalCost(attempts: readonly AttemptRecord[]): NanoUsd | null {
  let total = 0n;
  for (const { cost } of attempts) {
    if (cost === null) return null;
    total += cost;
  }
  return total;
}

/** Tokens of all calls; undefined when none was billed. */
function usageOfAll(attempts: readonly AttemptRecord[]): Usage | undefined {
  const usages = attempts.flatMap(({ usage }) => usage ?? []);
  return usages.length === 0 ? undefined : usages.reduce(addUsage);
}

/** Milliseconds to the microsecond: more digits mean nothing and cost bytes. */
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** Estimated tokens of an answer that does not say: those of the text that is kept, scaled to all of it. */
function outputTokens({ text, chars }: Seen): number {
  const kept = estimateTokens(text);
  return chars > text.length ? Math.ceil((kept * chars) / text.length) : kept;
}

/** Tokens of an answer: as the provider says, else estimated; of one that broke off, the output as far as it is known. */
function usageOf(seen: Seen, inputTokens: number): Usage {
  const { usage } = seen;
  if (usage === undefined) return { input: inputTokens, output: outputTokens(seen), estimated: true };
  if (usage.partial !== true) return usage;
  const { partial: _over, ...told } = usage;
  return { ...told, output: Math.max(told.output, outputTokens(seen)), estimated: true };
}

/** The attempt whose answer the caller gets, and what it told. */
interface Answered {
  readonly attempt: OpenAttempt;
  readonly usage: Usage;
  readonly seen: Seen;
}

/** What an outcome says of its answer; times count from the request's ingress. */
function factsOf({ attempt, usage, seen }: Answered, ingress: number) {
  const { target, started, firstByteMs } = attempt;
  return {
    model: target.model.id,
    provider: target.upstream.provider,
    usage,
    finishReason: seen.finishReason,
    firstByteMs: firstByteMs === undefined ? undefined : rounded(started - ingress + firstByteMs),
  };
}

/** Writes an outcome and tells of it when it is on disk. */
function write(outcome: Outcome, { intent, runtime, announce }: SettlementInput, told: (outcome: Outcome) => void) {
  const written = () => {
    announce(outcome);
    told(outcome);
  };
  if (intent.request.stream) {
    // Its last bytes go out as soon as this returns.
    runtime.journal.settle(outcome);
    written();
  } else void runtime.journal.grouped(outcome).then(written);
}

/** A head that is sent while a call is under way has waited for that call, milliseconds. */
function waitingMs(underWay: OpenAttempt | undefined, now: number): number {
  return underWay === undefined || underWay.firstByteMs !== undefined ? 0 : now - underWay.started;
}

/** What an attempt's record says of its failure. */
const failure = (cause: UpstreamFailure, words: WithoutQuotes): Partial<AttemptRecord> => ({
  failure: cause.failure,
  error: words(cause.message).slice(0, 300),
  status: cause.status,
});

/** Opens the books of one request whose intent is written. */
export function createSettlement(input: SettlementInput): Settlement {
  const { intent, snapshot, runtime } = input;
  const attempts: AttemptRecord[] = [];
  let waitedUpstream = 0;
  let overheadMs: number | undefined;
  let underWay: OpenAttempt | undefined;
  let answer: Answered | undefined;
  /** Tokens of the legs of the answer that ended before this one. */
  let before: Usage | undefined;
  const baseline = createBaseline(intent, snapshot);
  let outcome: Outcome | undefined;
  let resolve: (outcome: Outcome) => void = () => {};
  const settled = new Promise<Outcome>((done) => (resolve = done));

  const close = (
    attempt: OpenAttempt,
    cost: NanoUsd | null,
    rest: Partial<AttemptRecord>,
    cause?: UpstreamFailure,
  ): void => {
    // Booked before: the caller may leave while another attempt is being made.
    if (underWay !== attempt) return;
    attempt.watched?.ended(cause);
    const ms = runtime.clock.elapsed() - attempt.started;
    const { model, upstream } = attempt.target;
    attempts.push({
      model: model.id,
      upstream: upstream.id,
      provider: upstream.provider,
      startedAt: attempt.at,
      ms: rounded(ms),
      cost,
      price: upstream.price ?? undefined,
      firstByteMs: attempt.firstByteMs === undefined ? undefined : rounded(attempt.firstByteMs),
      simulated: snapshot.providers.get(upstream.provider)?.simulated === true ? true : undefined,
      ...rest,
    });
    underWay = undefined;
  };
  const failed = (attempt: OpenAttempt, cause: UpstreamFailure): void => {
    if (!mayBeBilled(cause)) return close(attempt, 0n, failure(cause, input.words), cause);
    const usage = { input: input.inputTokens, output: 0, estimated: true };
    close(attempt, attemptCost(usage, attempt.target.upstream.price), { usage, ...failure(cause, input.words) }, cause);
  };
  const book = (attempt: OpenAttempt, { seen, status, failure: cause }: Ended): Usage => {
    const usage = usageOf(seen, input.inputTokens);
    const told = cause === undefined ? {} : failure(cause, input.words);
    close(attempt, attemptCost(usage, attempt.target.upstream.price), { usage, ...told, status }, cause);
    return usage;
  };
  const total = (usage: Usage): Usage => (before === undefined ? usage : addUsage(before, usage));
  const overhead = (): number => {
    const waiting = waitingMs(underWay, runtime.clock.elapsed());
    overheadMs ??= Math.max(0, runtime.clock.elapsed() - input.started - input.waited - waitedUpstream - waiting);
    return overheadMs;
  };

  return {
    attempts,
    settled,
    isOver: () => outcome !== undefined,
    overhead,
    waited: (ms) => void (waitedUpstream += ms),
    totals: () => ({ cost: totalCost(attempts) }),
    began(target) {
      underWay = { target, started: runtime.clock.elapsed(), at: runtime.clock.now() };
      return underWay;
    },
    failed,
    givenUp(cause = new UpstreamFailure('sick', 'the call was given up')) {
      if (underWay !== undefined) failed(underWay, cause);
    },
    answered(attempt, ended) {
      if (outcome !== undefined || underWay !== attempt) return;
      answer = { attempt, usage: total(book(attempt, ended)), seen: ended.seen };
    },
    cut(attempt, ended) {
      const leg = book(attempt, ended);
      baseline.leg(leg);
      before = total(leg);
      // Should nobody go on with it, this is what the caller got.
      answer = { attempt, usage: before, seen: ended.seen };
      return before;
    },
    finish(ending) {
      if (outcome !== undefined) return outcome;
      outcome = {
        kind: 'outcome',
        id: intent.id,
        at: runtime.clock.now(),
        ...ending,
        ...(answer === undefined ? {} : factsOf(answer, input.started)),
        attempts,
        cost: totalCost(attempts),
        baselineCost: answer === undefined ? null : baseline.cost(answer.usage),
        ms: rounded(runtime.clock.elapsed() - input.started),
        overheadMs: rounded(overhead()),
      };
      input.settle(outcome.cost, () => usageOfAll(attempts));
      write(outcome, input, resolve);
      return outcome;
    },
  };
}
