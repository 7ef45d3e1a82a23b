import { SignalboxError } from '../../errors.ts';
import type { TrainingSet } from '../../routers/training-set.ts';

/**
 * What is judged: the queries on which every model's outcome is recorded, n × m, row-major. A choice can only be scored
 * where its outcome is known, and dropping a query for some choices and not for others would favour the routers that
 * choose where data is missing; so a query counts for all or for none.
 */
export interface Outcomes {
  /** m names, in order. */
  readonly models: readonly string[];
  /** Columns of the models in the set they came from. */
  readonly columns: Int32Array;
  /** Rows of the queries in the set they came from, ascending. */
  readonly rows: Int32Array;
  /** 0..1, never NaN. */
  readonly scores: Float64Array;
  /** USD, never NaN; null = the set has no costs. */
  readonly costs: Float64Array | null;
  /** Rows of one group are one query; numbered from 0 in order of appearance. */
  readonly groups: Int32Array;
  readonly labels: readonly string[];
  /** What does not count, and why. */
  readonly left: { readonly unpriced: readonly string[]; readonly sparse: readonly string[]; readonly rows: number };
}

/** A model recorded on less than this share of the queries is left out, so that it does not cost the others theirs. */
const LEAST_SHARE = 0.5;

function share(table: Float64Array, m: number, column: number): number {
  let known = 0;
  for (let at = column; at < table.length; at += m) if (!Number.isNaN(table[at])) known++;
  return table.length === 0 ? 0 : known / (table.length / m);
}

function renumber(groups: Int32Array): Int32Array {
  const numbers = new Map<number, number>();
  return groups.map((group) => {
    const known = numbers.get(group) ?? numbers.size;
    numbers.set(group, known);
    return known;
  });
}

/**
 * The complete part of a set, over `models` or all of them. Where at least two models have costs the others are left out,
 * because without a cost they cannot be swept; where fewer have, costs are not looked at.
 * @throws `dataset_invalid` when fewer than two models or no complete query is left.
 */
export function outcomesOf(set: TrainingSet, wanted: readonly string[] = set.models): Outcomes {
  const m = set.models.length;
  const names = wanted.filter((name) => set.models.includes(name));
  const column = (name: string): number => set.models.indexOf(name);
  const sparse = names.filter((name) => share(set.scores, m, column(name)) < LEAST_SHARE);
  const recorded = names.filter((name) => !sparse.includes(name));
  const priced = recorded.filter((name) => share(set.costs, m, column(name)) >= LEAST_SHARE);
  const models = (priced.length >= 2 ? priced : recorded).sort();
  if (models.length < 2) {
    throw new SignalboxError(
      'dataset_invalid',
      `an evaluation needs two models with outcomes on at least half of the queries; ${models.length === 0 ? 'there is none' : `there is only ${models[0] ?? ''}`}`,
    );
  }
  const columns = Int32Array.from(models, column);
  const hasCosts = priced.length >= 2;
  const complete = (row: number): boolean =>
    columns.every(
      (c) => !Number.isNaN(set.scores[row * m + c]) && (!hasCosts || !Number.isNaN(set.costs[row * m + c])),
    );
  const rows = Int32Array.from(set.ids.keys()).filter(complete);
  if (rows.length === 0) {
    throw new SignalboxError(
      'dataset_invalid',
      `no query has the outcomes of all ${models.length} models; name those to compare with --models`,
    );
  }
  const take = (table: Float64Array): Float64Array => {
    const out = new Float64Array(rows.length * models.length);
    let at = 0;
    for (const row of rows) for (const c of columns) out[at++] = table[row * m + c] ?? Number.NaN;
    return out;
  };
  return {
    models,
    columns,
    rows,
    scores: take(set.scores),
    costs: hasCosts ? take(set.costs) : null,
    groups: renumber(rows.map((row) => set.groups[row] ?? 0)),
    labels: Array.from(rows, (row) => set.labels[row] ?? ''),
    left: {
      unpriced: hasCosts ? recorded.filter((name) => !priced.includes(name)) : [],
      sparse,
      rows: set.ids.length - rows.length,
    },
  };
}
