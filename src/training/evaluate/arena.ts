/** USD per 1 000 queries between which RouterArena scales costs, on a logarithm. */
const DEAREST = 200;
const CHEAPEST = 0.0044;
/** Weight of cost against accuracy. */
const BETA = 0.1;

/**
 * RouterArena's score, 0..100: S = (1 + β)·A·C / (β·A + C) with β = .1, A = accuracy and
 * C = (log₂ c_max − log₂ c) / (log₂ c_max − log₂ c_min), c in USD per 1 000 queries, c_max = 200, c_min = .0044 (Lu et al.,
 * 2025). It compares whole pools: the same router scores higher with cheaper models to choose from.
 */
export function arenaScore(accuracy: number, costUsd: number): number {
  const c = Math.min(DEAREST, Math.max(CHEAPEST, costUsd * 1000));
  const cheapness = Math.log2(DEAREST / c) / Math.log2(DEAREST / CHEAPEST);
  const below = BETA * accuracy + cheapness;
  return below === 0 ? 0 : (100 * (1 + BETA) * accuracy * cheapness) / below;
}
