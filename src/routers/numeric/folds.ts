import { seededRandom, shuffledIndices } from './random.ts';

/** The rows of each group, groups in a random order. */
function shuffledGroups(groups: Int32Array, seed: number): number[][] {
  const members = new Map<number, number[]>();
  for (const [row, group] of groups.entries()) {
    const list = members.get(group);
    if (list === undefined) members.set(group, [row]);
    else list.push(row);
  }
  const inOrder = [...members.values()];
  return Array.from(shuffledIndices(inOrder.length, seededRandom(seed)), (i) => inOrder[i] ?? []);
}

/**
 * Seeded folds for cross-validation, 0..k−1 for each row. Rows of one group share a fold; folds are as equal in size as
 * that allows (the largest groups are placed first, each into the smallest fold; Graham, 1969). With fewer groups than
 * k some folds are empty.
 * @throws RangeError when k is not a whole number of at least 1.
 */
export function foldsOf(groups: Int32Array, k: number, seed: number): Int32Array {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`${k} folds`);
  const folds = new Int32Array(groups.length);
  const sizes = new Float64Array(k);
  const bySize = shuffledGroups(groups, seed).sort((a, b) => b.length - a.length);
  for (const rows of bySize) {
    let smallest = 0;
    for (let fold = 1; fold < k; fold++) if ((sizes[fold] ?? 0) < (sizes[smallest] ?? 0)) smallest = fold;
    for (const row of rows) folds[row] = smallest;
    sizes[smallest] = (sizes[smallest] ?? 0) + rows.length;
  }
  return folds;
}

/**
 * A seeded hold-out: 1 for about `share` of the rows, 0 for the others; rows of one group stand on one side. Within half
 * the largest group of the share asked for.
 * @throws RangeError when share is not within 0..1.
 */
export function holdOutOf(groups: Int32Array, share: number, seed: number): Int32Array {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share of ${share}`);
  const sides = new Int32Array(groups.length);
  let left = Math.round(share * groups.length);
  for (const rows of shuffledGroups(groups, seed)) {
    // Taken when it brings the share closer.
    if (rows.length > 2 * left) continue;
    for (const row of rows) sides[row] = 1;
    left -= rows.length;
  }
  return sides;
}

/** Row numbers inside and outside one fold, ascending. */
export function rowsOfFold(
  folds: Int32Array,
  fold: number,
): { readonly inside: Int32Array; readonly outside: Int32Array } {
  const rows = Int32Array.from(folds, (_, row) => row);
  return {
    inside: rows.filter((row) => folds[row] === fold),
    outside: rows.filter((row) => folds[row] !== fold),
  };
}
