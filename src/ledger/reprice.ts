import type { Kysely, Selectable } from 'kysely';
import type { Price } from '../catalog/model.ts';
import type { Usage } from '../protocol/chat.ts';
import { createBulk, keepOld } from './bulk.ts';
import { decisionOf, usageOf, type StoredRequest } from './from-rows.ts';
import { attemptCost } from './money.ts';
import { priceRow, versionOf } from './prices.ts';
import { legsOf, readOnce } from './read-once.ts';
import type { NanoUsd } from './record.ts';
import { createRollupBulk, createRollupChanges } from './rollup.ts';
import type { AttemptsTable, LedgerSchema, RepricedTable } from './schema.ts';

/** What calls cost now. */
export interface NewPrices {
  /** Null where it is unknown: what was booked stays. */
  of(call: { readonly model: string; readonly upstream: string }): Price | null;
  /** The same of the model that savings are counted against. */
  baseline(model: string): Price | null;
}

export interface RepriceFilter {
  /** Epoch milliseconds, inclusive. */
  readonly since: number;
  /** Epoch milliseconds, exclusive. */
  readonly until: number;
  /** Only requests that called it. */
  readonly model?: string | undefined;
  /** The last request of the page before. */
  readonly after?: { readonly at: number; readonly id: string } | undefined;
  readonly limit: number;
  /** Says what would change and changes nothing. */
  readonly dryRun: boolean;
}

/** What pricing anew has changed; money in nano-dollars, as far as it is known. */
export interface Repriced {
  readonly requests: number;
  readonly changed: number;
  /** Requests whose cost was unknown and is known now. */
  readonly priced: number;
  /** Requests whose cost stays unknown. */
  readonly unknown: number;
  readonly before: NanoUsd;
  readonly after: NanoUsd;
}

/** A page of it, and where the next one begins; undefined after the last. */
export interface RepricedPage extends Repriced {
  readonly next?: { readonly at: number; readonly id: string };
}

type Attempt = Selectable<AttemptsTable>;

/** One call's new cost. */
interface NewCost {
  readonly before: Attempt;
  readonly cost: NanoUsd | null;
  /** Version of the price. */
  readonly version: string | null;
  /** The price, where it may be one that the store has not seen. */
  readonly price?: Price;
}

/** What is to be written of one request. */
interface Change {
  readonly before: StoredRequest;
  readonly after: StoredRequest;
  readonly attempts: readonly NewCost[];
}

const ORIGINAL = ['id', 'at', 'cost_nano', 'baseline_nano', 'price', 'repriced_at'];

/** Tokens of an answer as one call would have used them. */
function asOne(attempts: readonly Attempt[], answered: Usage): Usage {
  const calls = attempts.flatMap((attempt) => {
    const usage = attempt.status === null || attempt.status >= 300n ? undefined : usageOf(attempt);
    return usage === undefined ? [] : [{ usage }];
  });
  const [first, ...others] = legsOf(calls, answered);
  return readOnce(others.length === 0 ? undefined : first?.usage, answered);
}

function changeOf(
  before: StoredRequest,
  attempts: readonly Attempt[],
  baseline: string | undefined,
  prices: NewPrices,
) {
  const changed: NewCost[] = [];
  let total: NanoUsd | null = 0n;
  for (const attempt of attempts) {
    const usage = usageOf(attempt);
    const price = usage === undefined ? null : prices.of(attempt);
    const cost = usage === undefined || price === null ? attempt.cost_nano : attemptCost(usage, price);
    if (price !== null && cost !== attempt.cost_nano) {
      changed.push({ before: attempt, cost, version: versionOf(attempt.upstream, price), price });
    }
    total = total === null || cost === null ? null : total + cost;
  }
  const answered = before.answered === 1n ? usageOf(before) : undefined;
  const price = answered === undefined || baseline === undefined ? null : prices.baseline(baseline);
  const baselineCost =
    answered === undefined || price === null ? before.baseline_nano : attemptCost(asOne(attempts, answered), price);
  const after = { ...before, cost_nano: total, baseline_nano: baselineCost, unpriced: total === null ? 1n : 0n };
  return { before, after, attempts: changed } satisfies Change;
}

/** What was booked first, of those that were priced anew. */
async function originalsOf(
  db: Kysely<LedgerSchema>,
  rows: readonly StoredRequest[],
  attempts: readonly Attempt[],
): Promise<ReadonlyMap<string, Selectable<RepricedTable>>> {
  const ids = [...rows.map((row) => row.id), ...attempts.map(originalId)];
  const found = ids.length === 0 ? [] : await db.selectFrom('repriced').selectAll().where('id', 'in', ids).execute();
  return new Map(found.map((row) => [row.id, row]));
}

const originalId = ({ request_id, n }: Attempt): string => `${request_id}/${n}`;

function restored(
  before: StoredRequest,
  attempts: readonly Attempt[],
  originals: ReadonlyMap<string, Selectable<RepricedTable>>,
): Change {
  const own = originals.get(before.id);
  const after =
    own === undefined
      ? before
      : {
          ...before,
          cost_nano: own.cost_nano,
          baseline_nano: own.baseline_nano,
          unpriced: own.cost_nano === null ? 1n : 0n,
        };
  return {
    before,
    after,
    attempts: attempts.flatMap((attempt) => {
      const original = originals.get(originalId(attempt));
      if (original === undefined || original.cost_nano === attempt.cost_nano) return [];
      return [{ before: attempt, cost: original.cost_nano, version: original.price }];
    }),
  };
}

function differs({ before, after, attempts }: Change): boolean {
  return attempts.length > 0 || before.cost_nano !== after.cost_nano || before.baseline_nano !== after.baseline_nano;
}

/** Requests that were settled by calls, oldest first: of an interrupted one nobody knows what it used. */
async function pageOf(db: Kysely<LedgerSchema>, filter: RepriceFilter, locks: boolean): Promise<StoredRequest[]> {
  const { since, until, after, model, limit } = filter;
  let query = db
    .selectFrom('requests')
    .selectAll()
    .where('intent_seen', '=', 1n)
    .where('status', 'is not', null)
    .where('attempts', '>', 0n)
    .where('at', '>=', BigInt(after?.at ?? since))
    .where('at', '<', BigInt(until));
  if (after !== undefined) {
    query = query.where((is) => is.or([is('at', '>', BigInt(after.at)), is('id', '>', after.id)]));
  }
  if (model !== undefined) {
    query = query.where((is) =>
      is.exists(
        is
          .selectFrom('attempts')
          .select('attempts.n')
          .whereRef('attempts.request_id', '=', 'requests.id')
          .where('attempts.model', '=', model),
      ),
    );
  }
  const page = query.orderBy('at').orderBy('id').limit(limit);
  return (locks ? page.forUpdate() : page).execute();
}

async function write(db: Kysely<LedgerSchema>, changes: readonly Change[], now: number): Promise<void> {
  const rollups = createRollupChanges();
  const originals = changes.flatMap(({ before, attempts }) => [
    { ...before, price: null },
    ...attempts.map(({ before: attempt }) => ({
      ...attempt,
      id: originalId(attempt),
      at: before.at,
      baseline_nano: null,
    })),
  ]);
  // What was booked first stays, however often it is priced anew.
  await createBulk(
    'repriced',
    ORIGINAL,
    keepOld,
  )(
    db,
    originals.map((row) => ({ ...row, repriced_at: Math.round(now) })),
  );
  const newPrices = new Map(
    changes.flatMap(({ attempts }) =>
      attempts.flatMap(({ before, price, version }) =>
        price === undefined || version === null ? [] : [[version, priceRow(before.upstream, price, now)] as const],
      ),
    ),
  );
  const columns = ['version', 'upstream', 'price', 'source', 'date', 'first_seen'];
  await createBulk('prices', columns, keepOld)(db, [...newPrices.values()]);
  for (const { before, after, attempts } of changes) {
    rollups.add(before, -1n);
    rollups.add(after, 1n);
    const { cost_nano, baseline_nano, unpriced } = after;
    await db.updateTable('requests').set({ cost_nano, baseline_nano, unpriced }).where('id', '=', before.id).execute();
    for (const { before: attempt, cost, version } of attempts) {
      await db
        .updateTable('attempts')
        .set({ cost_nano: cost, price: version })
        .where('request_id', '=', attempt.request_id)
        .where('n', '=', attempt.n)
        .execute();
    }
  }
  await createRollupBulk()(db, rollups.rows());
}

/** Baseline models by decision. */
async function baselinesOf(
  db: Kysely<LedgerSchema>,
  rows: readonly StoredRequest[],
): Promise<ReadonlyMap<string, string>> {
  const ids = rows.flatMap((row) => row.decision_id ?? []);
  const decisions =
    ids.length === 0 ? [] : await db.selectFrom('decisions').selectAll().where('id', 'in', ids).execute();
  return new Map(
    decisions.flatMap(({ id, record }) => {
      const model = decisionOf(record)?.baseline?.model;
      return model === undefined ? [] : [[id, model] as const];
    }),
  );
}

/**
 * Prices a page of requests anew from their stored tokens, or as they were booked first, in one transaction with the
 * hourly sums; what was booked first is kept in `repriced`. Doing it again changes nothing.
 */
export function repricePage(
  db: Kysely<LedgerSchema>,
  filter: RepriceFilter,
  prices: NewPrices | 'original',
  { locksRows, now }: { readonly locksRows: boolean; readonly now: number },
): Promise<RepricedPage> {
  return db.transaction().execute(async (trx) => {
    const rows = await pageOf(trx, filter, locksRows && !filter.dryRun);
    const ids = rows.map((row) => row.id);
    const attempts =
      ids.length === 0
        ? []
        : await trx.selectFrom('attempts').selectAll().where('request_id', 'in', ids).orderBy('n').execute();
    const baselines = await baselinesOf(trx, rows);
    const originals = prices === 'original' ? await originalsOf(trx, rows, attempts) : new Map();
    const all = rows.map((row) => {
      const own = attempts.filter((attempt) => attempt.request_id === row.id);
      return prices === 'original'
        ? restored(row, own, originals)
        : changeOf(row, own, baselines.get(row.decision_id ?? ''), prices);
    });
    const changes = all.filter(differs);
    if (!filter.dryRun) await write(trx, changes, now);
    const last = rows.length < filter.limit ? undefined : rows.at(-1);
    const sum = (of: (change: Change) => NanoUsd | null) => all.reduce((total, one) => total + (of(one) ?? 0n), 0n);
    return {
      requests: all.length,
      changed: changes.length,
      priced: all.filter(({ before, after }) => before.cost_nano === null && after.cost_nano !== null).length,
      unknown: all.filter(({ after }) => after.cost_nano === null).length,
      before: sum(({ before }) => before.cost_nano),
      after: sum(({ after }) => after.cost_nano),
      ...(last === undefined ? {} : { next: { at: Number(last.at), id: last.id } }),
    };
  });
}

const PAGE = 200;

/** Prices all of a stretch of time anew, a page at a time; `onPage` hears up to when it is done, epoch milliseconds. */
export async function reprice(
  store: { readonly reprice: (filter: RepriceFilter, prices: NewPrices | 'original') => Promise<RepricedPage> },
  filter: Omit<RepriceFilter, 'after' | 'limit'>,
  prices: NewPrices | 'original',
  { onPage, page = PAGE }: { readonly onPage?: (until: number) => void; readonly page?: number } = {},
): Promise<Repriced> {
  let [requests, changed, priced, unknown, before, after] = [0, 0, 0, 0, 0n, 0n];
  let from: RepricedPage['next'];
  do {
    const done = await store.reprice({ ...filter, after: from, limit: page }, prices);
    requests += done.requests;
    changed += done.changed;
    priced += done.priced;
    unknown += done.unknown;
    before += done.before;
    after += done.after;
    from = done.next;
    onPage?.(from?.at ?? filter.until);
  } while (from !== undefined);
  return { requests, changed, priced, unknown, before, after };
}
