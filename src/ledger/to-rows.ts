import type { Insertable } from 'kysely';
import type { Usage } from '../protocol/chat.ts';
import { isEstimated } from './estimated.ts';
import { versionOf } from './prices.ts';
import { OTHER_COUNTS } from './record-guard.ts';
import type { AttemptRecord, DecisionRecord, Feedback, Intent, Outcome, PromptRecord } from './record.ts';
import type { AttemptsTable, DecisionsTable, FeedbackTable, PromptsTable, RequestsTable } from './schema.ts';

/** A request's row as it is written. */
export type RequestRow = Insertable<RequestsTable>;

type TokenColumns = Pick<
  RequestRow,
  | 'input_tokens'
  | 'output_tokens'
  | 'cache_read_tokens'
  | 'cache_write_tokens'
  | 'cache_write_hour_tokens'
  | 'reasoning_tokens'
  | 'other_usage'
  | 'estimated'
>;

const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);
const maybeFlag = (value: boolean | undefined): number | null => (value === undefined ? null : flag(value));
/** More than any count: an upstream that claims more must not overflow the sums. */
const MOST = 1e13;
const whole = (value: number): number => Math.round(Math.max(-MOST, Math.min(MOST, value)));
const maybeWhole = (value: number | undefined): number | null => (value === undefined ? null : whole(value));

/** The counts that few calls have, as JSON; null when there are none. */
function otherUsage(usage: Usage | undefined): string | null {
  const counts = OTHER_COUNTS.flatMap((name) => {
    const count = usage?.[name];
    return count === undefined || count === 0 ? [] : [[name, count] as const];
  });
  return counts.length === 0 ? null : JSON.stringify(Object.fromEntries(counts));
}

function tokenColumns(usage: Usage | undefined): TokenColumns {
  return {
    input_tokens: maybeWhole(usage?.input),
    output_tokens: maybeWhole(usage?.output),
    cache_read_tokens: maybeWhole(usage?.cacheRead),
    cache_write_tokens: maybeWhole(usage?.cacheWrite),
    cache_write_hour_tokens: maybeWhole(usage?.cacheWriteHour),
    reasoning_tokens: maybeWhole(usage?.reasoning),
    other_usage: otherUsage(usage),
    estimated: maybeFlag(usage?.estimated),
  };
}

/** Bytes of a name that every database has room for in an index, in characters; callers may name models and sessions. */
const NAME = 500;

/** A name as it can be looked up. */
export function indexed(name: string): string {
  return name.length > NAME ? name.slice(0, NAME) : name;
}

const maybeIndexed = (name: string | undefined): string | null => (name === undefined ? null : indexed(name));

/** What the intent alone says. */
export function intentColumns(intent: Intent, source: string) {
  const { request, decision } = intent;
  return {
    source,
    intent_seen: 1,
    at: whole(intent.at),
    decision_id: decision.id,
    dialect: request.dialect,
    requested: request.requested,
    stream: flag(request.stream),
    role: request.role ?? null,
    key_id: request.key ?? null,
    session: maybeIndexed(request.session),
    user_id: maybeIndexed(request.user),
    tags: request.tags === undefined ? null : JSON.stringify(request.tags),
    strategy: 'name' in decision.strategy ? decision.strategy.name : decision.strategy.kind,
    reason_code: decision.reasonCode,
    chosen: indexed(decision.chosen),
    reserve_nano: intent.reserve,
    model: indexed(decision.chosen),
  } satisfies Partial<RequestRow>;
}

/** What the outcome alone says; `model` only when one answered. */
export function outcomeColumns(outcome: Outcome) {
  return {
    status: outcome.status,
    settled_at: whole(outcome.at),
    ...(outcome.model === undefined ? {} : { model: indexed(outcome.model) }),
    provider: outcome.provider ?? null,
    answered: flag(outcome.model !== undefined),
    http_status: whole(outcome.httpStatus),
    error_code: outcome.errorCode ?? null,
    finish_reason: outcome.finishReason ?? null,
    ...tokenColumns(outcome.usage),
    estimated: flag(isEstimated(outcome)),
    cost_nano: outcome.cost,
    baseline_nano: outcome.baselineCost,
    unpriced: flag(outcome.cost === null),
    cached: flag(outcome.cached === true),
    attempts: outcome.attempts.length,
    ms: outcome.ms,
    first_byte_ms: outcome.firstByteMs ?? null,
    // What nobody measured is not part of the added latency.
    overhead_us: outcome.status === 'interrupted' ? null : whole(outcome.overheadMs * 1000),
    simulated: flag(outcome.attempts.some((attempt) => attempt.simulated === true)),
  } satisfies Partial<RequestRow>;
}

/** The row of a request of which nothing is known yet. */
export function emptyRow(id: string, source: string, at: number): RequestRow {
  return {
    id,
    source,
    intent_seen: 0,
    at: whole(at),
    decision_id: null,
    dialect: null,
    requested: null,
    stream: null,
    role: null,
    key_id: null,
    session: null,
    user_id: null,
    tags: null,
    strategy: null,
    reason_code: null,
    chosen: null,
    reserve_nano: null,
    status: null,
    settled_at: null,
    model: null,
    provider: null,
    answered: 0,
    http_status: null,
    error_code: null,
    finish_reason: null,
    ...tokenColumns(undefined),
    cost_nano: null,
    baseline_nano: null,
    unpriced: 0,
    attempts: 0,
    fallback: 0,
    cached: 0,
    ms: null,
    first_byte_ms: null,
    overhead_us: null,
    simulated: 0,
    forgotten_at: null,
  };
}

export function attemptRow(requestId: string, n: number, attempt: AttemptRecord): Insertable<AttemptsTable> {
  return {
    request_id: requestId,
    n,
    model: attempt.model,
    upstream: attempt.upstream,
    provider: attempt.provider,
    status: maybeWhole(attempt.status),
    failure: attempt.failure ?? null,
    error: attempt.error ?? null,
    started_at: whole(attempt.startedAt),
    first_byte_ms: attempt.firstByteMs ?? null,
    ms: attempt.ms,
    ...tokenColumns(attempt.usage),
    cost_nano: attempt.cost,
    price: attempt.price === undefined ? null : versionOf(attempt.upstream, attempt.price),
    simulated: maybeFlag(attempt.simulated),
  };
}

export function decisionRow(decision: DecisionRecord, session: string | undefined): Insertable<DecisionsTable> {
  return { id: decision.id, at: whole(decision.at), session: session ?? null, record: JSON.stringify(decision) };
}

export function promptRow({ id, at, request }: Intent, prompt: PromptRecord): Insertable<PromptsTable> {
  return {
    id,
    at: whole(at),
    session: request.session ?? null,
    key_id: request.key ?? null,
    version: prompt.version ?? null,
    features: prompt.features ?? null,
    body: prompt.body ?? null,
    cut: flag(prompt.cut),
  };
}

export function feedbackRow(feedback: Feedback): Insertable<FeedbackTable> {
  return {
    id: feedback.id,
    at: whole(feedback.at),
    decision_id: maybeIndexed(feedback.decisionId),
    session: maybeIndexed(feedback.session),
    score: feedback.score,
    comment: feedback.comment ?? null,
    key_id: feedback.key ?? null,
  };
}
