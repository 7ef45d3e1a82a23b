import { LRUCache } from 'lru-cache';
import type { Insertable, Kysely, Selectable } from 'kysely';
import { priceVersion } from '../catalog/hash.ts';
import type { Price } from '../catalog/model.ts';
import { isPrice } from './record-guard.ts';
import type { LedgerSchema, PricesTable } from './schema.ts';

/** A price that some attempt was booked at. */
export interface StoredPrice {
  /** Names it on every attempt's row. */
  readonly version: string;
  readonly upstream: string;
  readonly price: Price;
  /** Epoch milliseconds of the first attempt that it was booked at. */
  readonly firstSeen: number;
}

/** Prices are few, and every attempt names one. */
const REMEMBERED = 1000;
const versions = new LRUCache<string, string>({ max: REMEMBERED });

/** {@link priceVersion}, remembered by what it is made of. */
export function versionOf(upstream: string, price: Price): string {
  const key = JSON.stringify([upstream, price]);
  let version = versions.get(key);
  if (version === undefined) {
    version = priceVersion(upstream, price);
    versions.set(key, version);
  }
  return version;
}

export function priceRow(upstream: string, price: Price, at: number): Insertable<PricesTable> {
  const { source, date } = price.provenance;
  return {
    version: versionOf(upstream, price),
    upstream,
    price: JSON.stringify(price),
    source,
    date,
    first_seen: Math.round(at),
  };
}

function storedPrice({ version, upstream, price, first_seen }: Selectable<PricesTable>): StoredPrice | undefined {
  const value: unknown = JSON.parse(price);
  return isPrice(value) ? { version, upstream, price: value, firstSeen: Number(first_seen) } : undefined;
}

/** Prices by version. */
export async function pricesOf(
  db: Kysely<LedgerSchema>,
  wanted: Iterable<string | null>,
): Promise<ReadonlyMap<string, StoredPrice>> {
  const names = [...new Set(wanted)].filter((version) => version !== null);
  if (names.length === 0) return new Map();
  const rows = await db.selectFrom('prices').selectAll().where('version', 'in', names).execute();
  return new Map(rows.flatMap((row) => storedPrice(row) ?? []).map((stored) => [stored.version, stored]));
}

/** Every price that was ever booked at, by upstream, the newest first. */
export async function allPrices(db: Kysely<LedgerSchema>): Promise<StoredPrice[]> {
  const rows = await db
    .selectFrom('prices')
    .selectAll()
    .orderBy('upstream')
    .orderBy('first_seen', 'desc')
    .orderBy('version')
    .execute();
  return rows.flatMap((row) => storedPrice(row) ?? []);
}
