import type { BookedDay } from '../ledger/booked.ts';
import type { Bill, BillRow } from './bill.ts';

/** One day and model on both sides. */
export interface ReconciledLine {
  /** ISO date, UTC. */
  readonly day: string;
  readonly model: string;
  /** What the ledger holds, in USD or tokens; null when nothing. */
  readonly captured: number | null;
  /** What the provider says; null when nothing. */
  readonly billed: number | null;
  /** captured ÷ billed; null when either is missing or nothing was billed. */
  readonly ratio: number | null;
  /** The side that does not have it. */
  readonly missing?: 'ledger' | 'bill';
  /** Calls of it in the ledger whose cost is unknown: they are not in `captured`. */
  readonly unpriced: number;
  /** Calls of it whose tokens are our estimate. */
  readonly estimated: number;
}

export interface Reconciled {
  /** What is compared: the cost where the file tells it, else input and output tokens together. */
  readonly measure: 'costUsd' | 'tokens';
  readonly lines: readonly ReconciledLine[];
  readonly total: Omit<ReconciledLine, 'missing'>;
}

/**
 * A model's name without what differs between a bill and a request: case, dots and spaces, the provider before it, the
 * day of its release behind it. `Claude Haiku 4.5`, `claude-haiku-4-5-20251001`, `anthropic/claude-haiku-4.5` are one.
 */
export function plainModel(name: string): string {
  return name
    .slice(name.lastIndexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[\s._]+/g, '-')
    .replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '');
}

interface Sums {
  captured: number | null;
  billed: number | null;
  unpriced: number;
  estimated: number;
}

const ratioOf = ({ captured, billed }: Pick<Sums, 'captured' | 'billed'>): number | null =>
  captured === null || billed === null || billed === 0 ? null : captured / billed;

function measureOf(rows: readonly BillRow[]): Reconciled['measure'] {
  return rows.some(({ costUsd }) => costUsd !== null) ? 'costUsd' : 'tokens';
}

/** Sets what was booked of calls against what a provider says, by UTC day and model. */
export function reconcile(bill: Bill, booked: readonly BookedDay[]): Reconciled {
  const measure = measureOf(bill.rows);
  // A file without models is compared by days alone.
  const named = bill.rows.some(({ model }) => model !== '');
  const found = new Map<string, Sums & { readonly day: string; readonly model: string }>();
  const at = (day: string, name: string) => {
    const model = named ? plainModel(name) || '(no model)' : '(all)';
    const key = `${day}\u0000${model}`;
    let sums = found.get(key);
    if (sums === undefined) {
      sums = { day, model, captured: null, billed: null, unpriced: 0, estimated: 0 };
      found.set(key, sums);
    }
    return sums;
  };
  for (const { day, model, costUsd, inputTokens, outputTokens } of bill.rows) {
    const sums = at(day, model);
    sums.billed =
      (sums.billed ?? 0) + ((measure === 'costUsd' ? costUsd : (inputTokens ?? 0) + (outputTokens ?? 0)) ?? 0);
  }
  for (const { day, upstream, costUsd, inputTokens, outputTokens, unpriced, estimated } of booked) {
    const amount = measure === 'costUsd' ? costUsd : inputTokens + outputTokens;
    // Calls that failed before anything was billed are on no bill.
    if (amount === 0 && unpriced === 0) continue;
    const sums = at(day, upstream);
    sums.captured = (sums.captured ?? 0) + amount;
    sums.unpriced += measure === 'costUsd' ? unpriced : 0;
    sums.estimated += estimated;
  }
  const lines = [...found.values()]
    .map((sums): ReconciledLine => ({
      ...sums,
      ratio: ratioOf(sums),
      ...(sums.captured === null ? { missing: 'ledger' as const } : {}),
      ...(sums.billed === null ? { missing: 'bill' as const } : {}),
    }))
    .sort((a, b) => (a.day === b.day ? (a.model < b.model ? -1 : 1) : a.day < b.day ? -1 : 1));
  const total = lines.reduce<Sums>(
    (sum, line) => ({
      captured: (sum.captured ?? 0) + (line.captured ?? 0),
      billed: (sum.billed ?? 0) + (line.billed ?? 0),
      unpriced: sum.unpriced + line.unpriced,
      estimated: sum.estimated + line.estimated,
    }),
    { captured: 0, billed: 0, unpriced: 0, estimated: 0 },
  );
  return { measure, lines, total: { day: 'total', model: '', ...total, ratio: ratioOf(total) } };
}
