import type { Selectable } from 'kysely';
import type { Price } from '../catalog/model.ts';
import { isObject } from '../protocol/guards.ts';
import type { DecisionRecord, Feedback, Intent, Outcome } from './record.ts';
import type { Usage } from '../protocol/chat.ts';
import { asRecord, isDecisionRecord, isUsage } from './record-guard.ts';
import type { AttemptsTable, FeedbackTable, RequestsTable } from './schema.ts';

/** A request's row as it is read. */
export type StoredRequest = Selectable<RequestsTable>;

type TokenColumns = Pick<
  Selectable<AttemptsTable>,
  | 'input_tokens'
  | 'output_tokens'
  | 'cache_read_tokens'
  | 'cache_write_tokens'
  | 'cache_write_hour_tokens'
  | 'reasoning_tokens'
  | 'other_usage'
  | 'estimated'
>;

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

const maybeNumber = (value: bigint | null): number | null => (value === null ? null : Number(value));

function usageFields(row: TokenColumns): Record<string, unknown> | null {
  if (row.input_tokens === null) return null;
  return present({
    input: Number(row.input_tokens),
    output: Number(row.output_tokens),
    cacheRead: maybeNumber(row.cache_read_tokens),
    cacheWrite: maybeNumber(row.cache_write_tokens),
    cacheWriteHour: maybeNumber(row.cache_write_hour_tokens),
    reasoning: maybeNumber(row.reasoning_tokens),
    ...otherUsage(row.other_usage),
    estimated: row.estimated === null ? null : row.estimated === 1n,
  });
}

/** Tokens of a call or an answer; undefined when nothing was billed. */
export function usageOf(row: TokenColumns): Usage | undefined {
  const fields = usageFields(row);
  return isUsage(fields) ? fields : undefined;
}

function otherUsage(json: string | null): Readonly<Record<string, unknown>> {
  const value = parsed(json);
  return isObject(value) ? value : {};
}

/** Prices by version. */
type Prices = ReadonlyMap<string, { readonly price: Price }>;

function attemptOf(row: Selectable<AttemptsTable>, prices: Prices): Record<string, unknown> {
  return {
    ...present({
      model: row.model,
      upstream: row.upstream,
      provider: row.provider,
      status: maybeNumber(row.status),
      failure: row.failure,
      error: row.error,
      startedAt: Number(row.started_at),
      firstByteMs: row.first_byte_ms,
      ms: row.ms,
      usage: usageFields(row),
      price: prices.get(row.price ?? '')?.price,
      simulated: row.simulated === null ? null : row.simulated === 1n,
    }),
    cost: row.cost_nano,
  };
}

/** What JSON says; null where there is none, or where it says nothing. */
export function parsed(json: string | null): unknown {
  if (json === null) return null;
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** The decision that a row's JSON holds. */
export function decisionOf(json: string): DecisionRecord | undefined {
  const value = parsed(json);
  return isDecisionRecord(value) ? value : undefined;
}

/** The intent that a row and its decision were made from; `undefined` while only the outcome is known. */
export function intentOf(row: StoredRequest, decision: DecisionRecord): Intent | undefined {
  if (row.intent_seen !== 1n) return undefined;
  const request = present({
    dialect: row.dialect,
    requested: row.requested,
    stream: row.stream === 1n,
    role: row.role,
    key: row.key_id,
    session: row.session,
    user: row.user_id,
    tags: parsed(row.tags),
  });
  const record = asRecord({
    kind: 'intent',
    id: row.id,
    at: Number(row.at),
    request,
    decision,
    reserve: row.reserve_nano,
  });
  return record?.kind === 'intent' ? record : undefined;
}

/** The outcome that a row and its attempts were made from; `undefined` while the request is open. */
export function outcomeOf(
  row: StoredRequest,
  attempts: readonly Selectable<AttemptsTable>[],
  prices: Prices,
): Outcome | undefined {
  if (row.status === null) return undefined;
  // The request's flag also tells of attempts before the one that answered, which is the last.
  const last = attempts.at(-1);
  const estimated = last === undefined ? row.estimated || null : last.estimated;
  const record = asRecord({
    ...present({
      kind: 'outcome',
      id: row.id,
      at: Number(row.settled_at),
      status: row.status,
      model: row.answered === 1n ? row.model : null,
      provider: row.provider,
      httpStatus: Number(row.http_status),
      errorCode: row.error_code,
      finishReason: row.finish_reason,
      usage: usageFields({ ...row, estimated }),
      ms: row.ms,
      firstByteMs: row.first_byte_ms,
      cached: row.cached === 1n ? true : null,
      overheadMs: Number(row.overhead_us ?? 0n) / 1000,
    }),
    attempts: attempts.map((attempt) => attemptOf(attempt, prices)),
    cost: row.cost_nano,
    baselineCost: row.baseline_nano,
  });
  return record?.kind === 'outcome' ? record : undefined;
}

export function feedbackOf(row: Selectable<FeedbackTable>): Feedback {
  return {
    kind: 'feedback',
    id: row.id,
    at: Number(row.at),
    score: row.score,
    ...(row.decision_id === null ? {} : { decisionId: row.decision_id }),
    ...(row.session === null ? {} : { session: row.session }),
    ...(row.comment === null ? {} : { comment: row.comment }),
    ...(row.key_id === null ? {} : { key: row.key_id }),
  };
}
