import { createHash } from 'node:crypto';
import { groupsOf } from './groups.ts';
import { recordOf, type DatasetRow } from './row.ts';

/** One model of a set. */
export interface ModelSummary {
  readonly name: string;
  /** Rows with a score of it. */
  readonly rows: number;
  /** Mean score over those rows. */
  readonly quality: number;
  /** Mean USD per query over the rows that say it; null = none does. */
  readonly costUsd: number | null;
  /** Share of its rows with a cost. */
  readonly costShare: number;
}

/** What a set holds, and what is odd about it. */
export interface SetSummary {
  readonly rows: number;
  /** Queries that differ in more than case, white space and Unicode form. */
  readonly groups: number;
  /** By name. */
  readonly models: readonly ModelSummary[];
  /** Rows of each benchmark or subject, largest first; `''` = rows without one. */
  readonly labels: readonly { readonly name: string; readonly rows: number }[];
  /** Share of the rows × models table without a score. */
  readonly missing: number;
  /** The model with the highest mean over its rows, among those with at least half of the rows if there are any. */
  readonly bestSingle: ModelSummary | null;
  /** Mean of each row's highest score. */
  readonly oracle: number;
  /** Rows with a date. */
  readonly dated: number;
  /** SHA-256 of the rows, whatever format and order they were read in. */
  readonly hash: string;
  readonly warnings: readonly string[];
}

/** USD of one outcome: the source's figure, else the estimate at list prices, else NaN. */
export function costOf(outcome: { readonly costUsd?: number; readonly costEstUsd?: number }): number {
  return outcome.costUsd ?? outcome.costEstUsd ?? Number.NaN;
}

/** The names of all models that have an outcome, in code unit order. */
export function modelsOf(rows: readonly DatasetRow[]): string[] {
  const names = new Set<string>();
  for (const { outcomes } of rows) for (const name of Object.keys(outcomes)) names.add(name);
  return [...names].sort();
}

/** SHA-256 in hex over the rows, each with its members in a fixed order; the order of rows does not matter. */
export function hashOfRows(rows: readonly DatasetRow[]): string {
  const digests = rows.map((row) =>
    createHash('sha256')
      .update(JSON.stringify(recordOf(row, Object.keys(row.outcomes).sort())))
      .digest('hex'),
  );
  return createHash('sha256').update(digests.sort().join('\n')).digest('hex');
}

function summariseModels(rows: readonly DatasetRow[], names: readonly string[]): ModelSummary[] {
  const sums = new Map(names.map((name) => [name, { rows: 0, score: 0, priced: 0, cost: 0 }]));
  for (const { outcomes } of rows) {
    for (const [name, outcome] of Object.entries(outcomes)) {
      const sum = sums.get(name);
      if (sum === undefined) continue;
      sum.rows++;
      sum.score += outcome.score;
      const cost = costOf(outcome);
      if (Number.isNaN(cost)) continue;
      sum.priced++;
      sum.cost += cost;
    }
  }
  return names.map((name) => {
    const sum = sums.get(name) ?? { rows: 0, score: 0, priced: 0, cost: 0 };
    return {
      name,
      rows: sum.rows,
      quality: sum.rows === 0 ? Number.NaN : sum.score / sum.rows,
      costUsd: sum.priced === 0 ? null : sum.cost / sum.priced,
      costShare: sum.rows === 0 ? 0 : sum.priced / sum.rows,
    };
  });
}

function best(models: readonly ModelSummary[]): ModelSummary | null {
  let found: ModelSummary | null = null;
  for (const model of models) if (model.rows > 0 && model.quality > (found?.quality ?? -1)) found = model;
  return found;
}

function oracleOf(rows: readonly DatasetRow[], models: ReadonlySet<string>): number {
  let sum = 0;
  let counted = 0;
  for (const { outcomes } of rows) {
    let top = -1;
    for (const [name, { score }] of Object.entries(outcomes)) if (score > top && models.has(name)) top = score;
    if (top < 0) continue;
    sum += top;
    counted++;
  }
  return counted === 0 ? Number.NaN : sum / counted;
}

function labelsOf(rows: readonly DatasetRow[]): { readonly name: string; readonly rows: number }[] {
  const counts = new Map<string, number>();
  for (const { benchmark = '' } of rows) counts.set(benchmark, (counts.get(benchmark) ?? 0) + 1);
  return [...counts]
    .map(([name, rows]) => ({ name, rows }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function warningsOf(rows: number, models: readonly ModelSummary[]): string[] {
  return models
    .filter((model) => 2 * model.rows < rows)
    .map(({ name, rows: has }) => `${name} has a score in ${has} of ${rows} rows (${percent(has / rows)})`);
}

/** What a set holds: `names` restricts it to some columns; `groups` are the rows' if they are known already. */
export function summarise(
  rows: readonly DatasetRow[],
  names: readonly string[] = modelsOf(rows),
  groups: Int32Array = groupsOf(rows),
): SetSummary {
  const models = summariseModels(rows, names);
  const scored = models.reduce((sum, model) => sum + model.rows, 0);
  return {
    rows: rows.length,
    groups: new Set(groups).size,
    models,
    labels: labelsOf(rows),
    missing: rows.length * names.length === 0 ? 0 : 1 - scored / (rows.length * names.length),
    bestSingle: best(models.filter((model) => 2 * model.rows >= rows.length)) ?? best(models),
    oracle: oracleOf(rows, new Set(names)),
    dated: rows.reduce((sum, { date }) => sum + (date === undefined ? 0 : 1), 0),
    hash: hashOfRows(rows),
    warnings: warningsOf(rows.length, models),
  };
}
