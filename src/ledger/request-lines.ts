import type { Kysely } from 'kysely';
import { parsed } from './from-rows.ts';
import { usdOf } from './money.ts';
import type { LedgerSchema } from './schema.ts';

/** One request as exports have it: flat, without its decision. */
export interface RequestLine {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly status: string;
  readonly requested: string;
  readonly model: string;
  readonly provider: string;
  readonly role: string;
  readonly key: string;
  readonly user: string;
  readonly session: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly dialect: string;
  readonly strategy: string;
  readonly reason: string;
  readonly httpStatus: number | null;
  readonly errorCode: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly cacheWriteHourTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Null when unknown or not yet known; of an interrupted request its reserve. */
  readonly costUsd: number | null;
  readonly baselineCostUsd: number | null;
  readonly estimated: boolean;
  readonly unpriced: boolean;
  readonly attempts: number;
  readonly fallback: boolean;
  readonly ms: number | null;
  readonly firstByteMs: number | null;
  readonly overheadMs: number | null;
}

export interface LineFilter {
  /** Epoch milliseconds, inclusive. */
  readonly since: number;
  /** Epoch milliseconds, exclusive. */
  readonly until: number;
  /** The last line of the page before. */
  readonly after?: Pick<RequestLine, 'at' | 'id'>;
  readonly limit: number;
}

const maybe = (value: bigint | null): number | null => (value === null ? null : Number(value));

function tagsOf(json: string | null): Readonly<Record<string, string>> {
  const tags = parsed(json);
  if (typeof tags !== 'object' || tags === null) return {};
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
}

/** A page of requests, oldest first; open ones are among them. */
export async function readLines(
  db: Kysely<LedgerSchema>,
  { since, until, after, limit }: LineFilter,
): Promise<RequestLine[]> {
  let query = db
    .selectFrom('requests')
    .selectAll()
    .where('intent_seen', '=', 1n)
    .where('at', '>=', BigInt(after?.at ?? since))
    .where('at', '<', BigInt(until));
  if (after !== undefined) {
    const { at, id } = after;
    query = query.where((is) => is.or([is('at', '>', BigInt(at)), is('id', '>', id)]));
  }
  const rows = await query.orderBy('at').orderBy('id').limit(limit).execute();
  return rows.map((row) => ({
    id: row.id,
    at: Number(row.at),
    status: row.status ?? 'open',
    requested: row.requested ?? '',
    model: row.model ?? '',
    provider: row.provider ?? '',
    role: row.role ?? '',
    key: row.key_id ?? '',
    user: row.user_id ?? '',
    session: row.session ?? '',
    tags: tagsOf(row.tags),
    dialect: row.dialect ?? '',
    strategy: row.strategy ?? '',
    reason: row.reason_code ?? '',
    httpStatus: maybe(row.http_status),
    errorCode: row.error_code ?? '',
    inputTokens: maybe(row.input_tokens),
    outputTokens: maybe(row.output_tokens),
    cacheReadTokens: maybe(row.cache_read_tokens),
    cacheWriteTokens: maybe(row.cache_write_tokens),
    cacheWriteHourTokens: maybe(row.cache_write_hour_tokens),
    reasoningTokens: maybe(row.reasoning_tokens),
    costUsd: usdOf(row.cost_nano),
    baselineCostUsd: usdOf(row.baseline_nano),
    estimated: row.estimated === 1n,
    unpriced: row.unpriced === 1n,
    attempts: Number(row.attempts),
    fallback: row.fallback === 1n,
    ms: row.ms,
    firstByteMs: row.first_byte_ms,
    overheadMs: row.overhead_us === null ? null : Number(row.overhead_us) / 1000,
  }));
}

const PAGE = 500;

/** Every request of a stretch of time, oldest first, a page in memory at a time. */
export async function* eachLine(
  store: { readonly lines: (filter: LineFilter) => Promise<RequestLine[]> },
  { since, until }: Pick<LineFilter, 'since' | 'until'>,
  page = PAGE,
): AsyncGenerator<RequestLine> {
  let after: RequestLine | undefined;
  for (;;) {
    const lines = await store.lines({ since, until, limit: page, ...(after === undefined ? {} : { after }) });
    yield* lines;
    after = lines.at(-1);
    if (after === undefined || lines.length < page) return;
  }
}
