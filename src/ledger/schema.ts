import type { ColumnType } from 'kysely';

/** A 64-bit integer: flags, counts, epoch milliseconds, nano-dollars. */
type Int = ColumnType<bigint, number | bigint, number | bigint>;
type MaybeInt = ColumnType<bigint | null, number | bigint | null, number | bigint | null>;

/** One row per request; columns for filters and sums. It is settled when `intent_seen` is 1 and `status` is set. */
export interface RequestsTable {
  id: string;
  source: string;
  intent_seen: Int;
  /** The intent's time; the outcome's until the intent is seen. */
  at: Int;
  decision_id: string | null;
  dialect: string | null;
  requested: string | null;
  stream: MaybeInt;
  role: string | null;
  key_id: string | null;
  session: string | null;
  user_id: string | null;
  /** JSON object. */
  tags: string | null;
  strategy: string | null;
  reason_code: string | null;
  chosen: string | null;
  reserve_nano: MaybeInt;
  status: string | null;
  settled_at: MaybeInt;
  /** The model that answered, else the chosen one. */
  model: string | null;
  provider: string | null;
  /** 1 when some model answered. */
  answered: Int;
  http_status: MaybeInt;
  error_code: string | null;
  finish_reason: string | null;
  input_tokens: MaybeInt;
  output_tokens: MaybeInt;
  cache_read_tokens: MaybeInt;
  cache_write_tokens: MaybeInt;
  /** Part of those before. */
  cache_write_hour_tokens: MaybeInt;
  reasoning_tokens: MaybeInt;
  /** JSON object of the counts that few calls have. */
  other_usage: string | null;
  estimated: MaybeInt;
  cost_nano: MaybeInt;
  baseline_nano: MaybeInt;
  unpriced: Int;
  attempts: Int;
  fallback: Int;
  /** 1 when the answer was made for another request. */
  cached: Int;
  ms: number | null;
  first_byte_ms: number | null;
  /** Microseconds. */
  overhead_us: MaybeInt;
  simulated: Int;
  /** When it lost its names and signals; null: it has them. */
  forgotten_at: MaybeInt;
}

/** What is kept of the prompt of a request. */
export interface PromptsTable {
  /** The request's. */
  id: string;
  at: Int;
  session: string | null;
  key_id: string | null;
  /** Of the features. */
  version: MaybeInt;
  /** Packed n-grams, base64. */
  features: string | null;
  body: string | null;
  /** 1 when the body is only a beginning. */
  cut: Int;
}

/** What was asked to be forgotten; names as SHA-256. */
export interface ErasuresTable {
  id: string;
  at: Int;
  until: Int;
  key_id: string | null;
  session: string | null;
  user_id: string | null;
}

export interface DecisionsTable {
  id: string;
  at: Int;
  session: string | null;
  /** JSON of a DecisionRecord. */
  record: string;
}

export interface AttemptsTable {
  request_id: string;
  n: Int;
  model: string;
  upstream: string;
  provider: string;
  status: MaybeInt;
  failure: string | null;
  error: string | null;
  started_at: Int;
  first_byte_ms: number | null;
  ms: number;
  input_tokens: MaybeInt;
  output_tokens: MaybeInt;
  cache_read_tokens: MaybeInt;
  cache_write_tokens: MaybeInt;
  cache_write_hour_tokens: MaybeInt;
  reasoning_tokens: MaybeInt;
  other_usage: string | null;
  estimated: MaybeInt;
  cost_nano: MaybeInt;
  /** Version of the price that it was booked at. */
  price: string | null;
  simulated: MaybeInt;
}

/** Prices that attempts were booked at. */
export interface PricesTable {
  version: string;
  upstream: string;
  /** JSON of a Price. */
  price: string;
  source: string;
  /** ISO date. */
  date: string;
  first_seen: Int;
}

/** What was booked first, of what was priced anew since. */
export interface RepricedTable {
  /** A request's id, or `<request>/<n>` of an attempt. */
  id: string;
  /** The request's time. */
  at: Int;
  cost_nano: MaybeInt;
  /** Of a request. */
  baseline_nano: MaybeInt;
  /** Of an attempt: the version of its price. */
  price: string | null;
  /** When it was priced anew first. */
  repriced_at: Int;
}

export interface FeedbackTable {
  id: string;
  at: Int;
  decision_id: string | null;
  session: string | null;
  score: number;
  comment: string | null;
  key_id: string | null;
}

/** Sums over the settled requests of one hour; they stay when the requests are pruned. */
export interface UsageHourlyTable {
  /** Start of the hour, epoch milliseconds. */
  hour: Int;
  model: string;
  provider: string;
  role: string;
  key_id: string;
  requests: Int;
  failed: Int;
  cancelled: Int;
  interrupted: Int;
  input_tokens: Int;
  output_tokens: Int;
  cost_nano: Int;
  /** The part of it that is the reserve of interrupted requests. */
  reserved_nano: Int;
  unpriced: Int;
  estimated: Int;
  baseline_nano: Int;
  savings_nano: Int;
  fallbacks: Int;
  cached: Int;
  overhead_us: Int;
  /** Requests per bucket of added latency; bounds in histogram.ts. */
  overhead_0: Int;
  overhead_1: Int;
  overhead_2: Int;
  overhead_3: Int;
  overhead_4: Int;
  overhead_5: Int;
  overhead_6: Int;
  overhead_7: Int;
  overhead_8: Int;
}

export interface PositionsTable {
  source: string;
  segment: string;
  byte_offset: Int;
  updated_at: Int;
}

/** Keys that callers present. */
export interface KeysTable {
  name: string;
  /** Hex. */
  sha256: string;
  /** The key that the last rotation replaced, and until when it is still taken. */
  previous_sha256: string | null;
  previous_until: MaybeInt;
  admin: Int;
  /** JSON: scopes, models, roles, limits, budget. */
  grants: string;
  created_at: Int;
  expires_at: MaybeInt;
  rotated_at: MaybeInt;
  revoked_at: MaybeInt;
  /** How often the row was written: their sum tells whether anything has changed. */
  changes: Int;
}

/** An answer that is given again, under the hash of its request. */
export interface CachedAnswersTable {
  id: string;
  /** Base64. */
  answer: string;
  /** Characters of it. */
  size: Int;
  expires_at: Int;
}

/** The ledger's tables, for Kysely. Text, integers and doubles only, so that they mean the same in Postgres. */
export interface LedgerSchema {
  cached_answers: CachedAnswersTable;
  requests: RequestsTable;
  decisions: DecisionsTable;
  attempts: AttemptsTable;
  feedback: FeedbackTable;
  usage_hourly: UsageHourlyTable;
  prices: PricesTable;
  repriced: RepricedTable;
  positions: PositionsTable;
  keys: KeysTable;
  prompts: PromptsTable;
  erasures: ErasuresTable;
}
