/** Names longer than this are compared by their beginning: a typing error is found there or not at all. */
const COMPARED = 64;

/**
 * Edit distance: insertions, deletions, replacements (Wagner and Fischer, "The String-to-String Correction Problem",
 * 1974). Answers `limit + 1` as soon as the distance must be above `limit`.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      const value = Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      current.push(value);
      least = Math.min(least, value);
    }
    if (least > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * At most three known names that the wrong one may have meant, nearest first: those within a third of its length in
 * edits, then those that contain it or are contained in it.
 */
export function nearestNames(wrong: string, known: readonly string[]): string[] {
  const name = wrong.toLowerCase().slice(0, COMPARED);
  if (name === '') return [];
  const limit = Math.max(2, Math.floor(name.length / 3));
  const found: { readonly known: string; readonly distance: number }[] = [];
  for (const candidate of known) {
    const other = candidate.toLowerCase().slice(0, COMPARED);
    const distance = editDistance(name, other, limit);
    const inside = name.length > 2 && other.length > 2 && (other.includes(name) || name.includes(other));
    if (distance <= limit || inside) found.push({ known: candidate, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map((row) => row.known);
}
