import type { Tier } from '../cache/tier.ts';
import type { KeyStore } from '../access/key-store.ts';
import type { ErasureStore } from './erasure.ts';
import type { StoredPrice } from './prices.ts';
import type { PromptFilter, StoredPrompt } from './prompts.ts';
import type { Feedback, Intent, Outcome, Rec } from './record.ts';
import type { BookedDay } from './booked.ts';
import type { NewPrices, RepricedPage, RepriceFilter } from './reprice.ts';
import type { LineFilter, RequestLine } from './request-lines.ts';

/** A request with everything known of it. */
export interface LedgerEntry {
  readonly intent: Intent;
  readonly outcome?: Outcome;
  readonly feedback: readonly Feedback[];
}

export interface EntryFilter {
  /** Newest first; only entries before this id. */
  readonly after?: string;
  readonly limit: number;
  readonly model?: string;
  readonly role?: string;
  readonly key?: string;
  readonly session?: string;
  readonly status?: string;
}

export interface UsageFilter {
  /** Epoch milliseconds, inclusive. */
  readonly since: number;
  /** Epoch milliseconds, exclusive. */
  readonly until: number;
  /** Weeks begin on Monday. */
  readonly bucket?: 'minute' | 'hour' | 'day' | 'week' | 'month';
  /** Time zone in which buckets begin, default UTC. */
  readonly zone?: string;
  readonly by?: 'model' | 'role' | 'key' | 'provider' | 'user' | 'tag';
  readonly key?: string;
}

/** Sums over requests. Money in USD, counterfactual where it says so. */
export interface UsageRow {
  /** Start of the bucket, epoch milliseconds; the filter's `since` when there is no bucket. */
  readonly start: number;
  /** Value of `by`; empty when not grouped. */
  readonly group: string;
  readonly requests: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly interrupted: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  /** The part of `costUsd` that is the reserve of interrupted requests: nobody knows what of it was spent. */
  readonly reservedUsd: number;
  /** Requests without a known price: their cost is not in `costUsd`. */
  readonly unpriced: number;
  /** Requests whose tokens or cost are in part our estimate, interrupted ones included. */
  readonly estimated: number;
  /** Counterfactual: the same tokens on `routing.default`. */
  readonly baselineCostUsd: number;
  readonly savingsUsd: number;
  readonly fallbacks: number;
  /** Requests whose answer was made for another one: they cost nothing. */
  readonly cached: number;
  /** Added latency, milliseconds: mean and approximate percentiles from a fixed histogram. */
  readonly overheadMs: { readonly mean: number; readonly p50: number; readonly p95: number };
}

/** Where the journal's reader stands. */
export interface Position {
  readonly segment: string;
  readonly offset: number;
}

/** The queryable ledger: SQLite or PostgreSQL behind one set of queries. */
export interface Store {
  /** Which driver really runs, such as `node:sqlite`, `better-sqlite3` or `pg`. */
  readonly driver: string;
  /** Whether processes on other machines use it too: whether those live is then asked here, not of a file system. */
  readonly shared: boolean;
  /** Keys that callers present. */
  readonly keys: KeyStore;
  /** Kept answers, where `cache.tier` is `store`. */
  readonly answers: Tier;
  /** Where prompts and names are forgotten. */
  readonly erasures: ErasureStore;
  /** All or nothing and idempotent by record id; `position` is stored in the same transaction. */
  append(records: readonly Rec[], position?: { readonly source: string; readonly at: Position }): Promise<void>;
  position(source: string): Promise<Position | undefined>;
  /** Forgets the position of a source that is no more. */
  forget(source: string): Promise<void>;
  /** Says that a source lives that has stored something; due now and then where the store is shared. */
  beat(source: string): Promise<void>;
  /** Sources that have requests in flight and have said nothing for `silence` milliseconds. */
  silent(silence: number): Promise<string[]>;
  /** Marks every intent of `source` without an outcome and older than `before` as interrupted, at its reserve. Returns how many. */
  interrupt(source: string, before: number): Promise<number>;
  /** Every price that attempts were booked at. */
  prices(): Promise<StoredPrice[]>;
  /** Requests in the order of their time, a page at a time. */
  lines(filter: LineFilter): Promise<RequestLine[]>;
  /** Prices a page of requests anew, or as they were booked first; all or nothing. */
  reprice(filter: RepriceFilter, prices: NewPrices | 'original'): Promise<RepricedPage>;
  /** What was booked of calls, by UTC day and upstream: what a provider's bill is compared with. */
  booked(filter: Pick<UsageFilter, 'since' | 'until'>): Promise<BookedDay[]>;
  /** What is kept of prompts, oldest first, a page at a time. */
  prompts(filter: PromptFilter): Promise<StoredPrompt[]>;
  entry(id: string): Promise<LedgerEntry | undefined>;
  entries(filter: EntryFilter): Promise<LedgerEntry[]>;
  usage(filter: UsageFilter): Promise<UsageRow[]>;
  /**
   * Deletes what is older than `before`, prompts older than `promptsBefore` too, a bounded number of rows per call, or
   * months of them at once; rollups stay. Returns about how many went.
   */
  prune(before: number, promptsBefore?: number): Promise<number>;
  close(): Promise<void>;
}
