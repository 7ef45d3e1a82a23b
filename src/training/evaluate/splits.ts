import { foldsOf, rowsOfFold } from '../../routers/numeric/folds.ts';
import { seededRandom, shuffledIndices } from '../../routers/numeric/random.ts';
import { takeRows, type TrainingSet } from '../../routers/training-set.ts';
import type { Split } from './judge.ts';
import type { Outcomes } from './outcomes.ts';

/** Positions in the outcomes of some rows of the set. */
function positionsOf(outcomes: Outcomes, rows: Int32Array): Int32Array {
  const at = new Map(Array.from(outcomes.rows, (row, i) => [row, i]));
  return Int32Array.from([...rows].flatMap((row) => at.get(row) ?? []));
}

/** k seeded folds grouped by query: each is judged by what was learnt on the others. */
export function foldSplits(set: TrainingSet, outcomes: Outcomes, k: number, seed: number): Split[] {
  const folds = foldsOf(set.groups, k, seed);
  return Array.from({ length: k }, (_, fold): Split => {
    const { inside, outside } = rowsOfFold(folds, fold);
    return { train: takeRows(set, outside), test: positionsOf(outcomes, inside) };
  }).filter(({ train, test }) => test.length > 0 && train.ids.length > 0);
}

/** One split: learn on `trainRows` of the set, judge all outcomes. Training rows of a judged query's group are left out. */
export function heldOutSplit(set: TrainingSet, outcomes: Outcomes, trainRows: Int32Array): Split {
  const judged = new Set(Array.from(outcomes.rows, (row) => set.groups[row]));
  const rows = trainRows.filter((row) => !judged.has(set.groups[row]));
  return { train: takeRows(set, rows), test: Int32Array.from(outcomes.rows.keys()) };
}

/** The same splits with a seeded part of each one's training queries; a larger part contains the smaller ones. */
export function shrinkSplits(splits: readonly Split[], share: number, seed: number): Split[] {
  return splits.map(({ train, test }) => {
    const names = [...new Set(train.groups)];
    const order = shuffledIndices(names.length, seededRandom(seed));
    const kept = new Set(Array.from(order.subarray(0, Math.max(1, Math.round(share * names.length))), (i) => names[i]));
    const rows = Int32Array.from(train.groups.keys()).filter((row) => kept.has(train.groups[row]));
    return { train: takeRows(train, rows), test };
  });
}
