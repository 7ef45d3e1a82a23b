import type { Model } from '../catalog/model.ts';
import type { TrainingSet } from './training-set.ts';

/** The name that a model has in an artifact. */
export function learntName(model: Model): string {
  return model.as ?? model.id;
}

/**
 * Finds the column of a model among the names that a router has learnt: the exact name, else the first that differs only
 * in case; −1 when there is none.
 */
export function columnFinder(names: readonly string[]): (model: Model) => number {
  const exact = new Map<string, number>();
  const folded = new Map<string, number>();
  for (const [column, name] of names.entries()) {
    if (!exact.has(name)) exact.set(name, column);
    const lower = name.toLowerCase();
    if (!folded.has(lower)) folded.set(lower, column);
  }
  return (model) => {
    const name = learntName(model);
    return exact.get(name) ?? folded.get(name.toLowerCase()) ?? -1;
  };
}

/** The same set with its columns in the order of their names (by UTF-16 code units): no fit depends on the order given. */
export function inNameOrder(set: TrainingSet): TrainingSet {
  const m = set.models.length;
  const name = (column: number): string => set.models[column] ?? '';
  const order = Array.from(set.models.keys()).sort((a, b) =>
    name(a) === name(b) ? a - b : name(a) < name(b) ? -1 : 1,
  );
  if (order.every((from, to) => from === to)) return set;
  const table = (source: Float64Array): Float64Array => {
    const out = new Float64Array(source.length);
    for (let at = 0; at < source.length; at += m) {
      for (const [to, from] of order.entries()) out[at + to] = source[at + from] ?? Number.NaN;
    }
    return out;
  };
  return {
    ...set,
    models: order.map(name),
    scores: table(set.scores),
    costs: table(set.costs),
    outputTokens: table(set.outputTokens),
  };
}
