import type { Prediction } from '../routers/router.ts';

/**
 * The lowest quality that counts as good as the best: that of the lowest prediction within one standard error of the
 * difference to `top`, √(σ_top² + σ²). Every model at or above it is in: a wide error lets a model in that a narrow one of
 * the same quality would keep out, and then the better known one belongs in too.
 */
export function bandFloor(top: Prediction, all: Iterable<Prediction>): number {
  let floor = top.quality;
  for (const { quality, stderr } of all) {
    if (quality < floor && top.quality - quality <= Math.hypot(top.stderr, stderr)) floor = quality;
  }
  return floor;
}
