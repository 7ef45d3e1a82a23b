import { sql, type Kysely } from 'kysely';
import { usdOf } from './money.ts';
import type { LedgerSchema } from './schema.ts';
import { whole } from './usage-query.ts';

/** What was booked of the calls of one UTC day to one upstream, retries and fallbacks included. */
export interface BookedDay {
  /** ISO date. */
  readonly day: string;
  readonly upstream: string;
  readonly provider: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Parts of `inputTokens`. */
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly costUsd: number;
  /** Calls whose price is unknown. */
  readonly unpriced: number;
  /** Calls whose tokens are our estimate. */
  readonly estimated: number;
}

const DAY_MS = 86_400_000;

/** Sums over attempts that are not simulated. */
export async function readBooked(
  db: Kysely<LedgerSchema>,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<BookedDay[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select started_at - started_at % ${sql.lit(DAY_MS)} as day, upstream, provider, count(*) as calls,
      sum(coalesce(input_tokens, 0)) as input_tokens, sum(coalesce(output_tokens, 0)) as output_tokens,
      sum(coalesce(cache_read_tokens, 0)) as cache_read_tokens,
      sum(coalesce(cache_write_tokens, 0)) as cache_write_tokens,
      sum(coalesce(cost_nano, 0)) as cost_nano, sum(case when cost_nano is null then 1 else 0 end) as unpriced,
      sum(coalesce(estimated, 0)) as estimated
    from attempts where started_at >= ${since} and started_at < ${until} and coalesce(simulated, 0) = 0
    group by 1, 2, 3 order by 1, 2`.execute(db);
  return rows.map((row) => {
    const count = (name: string) => Number(whole(row[name]));
    return {
      day: new Date(count('day')).toISOString().slice(0, 10),
      upstream: String(row['upstream']),
      provider: String(row['provider']),
      calls: count('calls'),
      inputTokens: count('input_tokens'),
      outputTokens: count('output_tokens'),
      cacheReadTokens: count('cache_read_tokens'),
      cacheWriteTokens: count('cache_write_tokens'),
      costUsd: usdOf(whole(row['cost_nano'])),
      unpriced: count('unpriced'),
      estimated: count('estimated'),
    };
  });
}
