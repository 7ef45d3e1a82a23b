import { seededRandom } from './random.ts';

/** Places that each coordinate goes to: more lower the distortion little and cost as much again. */
const PLACES = 8;

/** A sparse random map R from many numbers to few that keeps inner products: E[Rx·Ry] = x·y. */
export interface RandomProjection {
  /** Numbers that go in. */
  readonly inputs: number;
  /** Numbers that come out. */
  readonly size: number;
  /** inputs × 8: where a coordinate goes. */
  readonly places: Int32Array;
  /** inputs × 8: ±1/√8. */
  readonly signs: Float32Array;
}

/**
 * Draws R: every coordinate goes, with a random sign and divided by √8, to a random place in each of 8 blocks of the
 * output, so that no two of its places are the same. Kane and Nelson, 2014 (the block construction). `size` is a multiple
 * of 8.
 */
export function drawProjection(inputs: number, size: number, seed: number): RandomProjection {
  const random = seededRandom(seed);
  const block = size / PLACES;
  const places = new Int32Array(inputs * PLACES);
  const signs = new Float32Array(inputs * PLACES);
  for (let p = 0; p < places.length; p++) {
    places[p] = (p % PLACES) * block + Math.floor(random() * block);
    signs[p] = (random() < 0.5 ? -1 : 1) / Math.sqrt(PLACES);
  }
  return { inputs, size, places, signs };
}

/** R·x, added to `out` from `at`. */
export function projectInto(
  { inputs, places, signs }: RandomProjection,
  x: ArrayLike<number>,
  out: Float32Array | Float64Array,
  at = 0,
): void {
  for (let i = 0; i < inputs; i++) {
    const value = x[i] ?? 0;
    for (let p = i * PLACES; p < (i + 1) * PLACES; p++) {
      const to = at + (places[p] ?? 0);
      out[to] = (out[to] ?? 0) + value * (signs[p] ?? 0);
    }
  }
}

/** Rᵀ·W (inputs × k) of W (size × k): a linear map of R·x as one of x. */
export function foldProjection({ inputs, places, signs }: RandomProjection, w: Float64Array, k: number): Float64Array {
  const out = new Float64Array(inputs * k);
  for (let p = 0; p < places.length; p++) {
    const to = Math.floor(p / PLACES) * k;
    const from = (places[p] ?? 0) * k;
    for (let c = 0; c < k; c++) out[to + c] = (out[to + c] ?? 0) + (signs[p] ?? 0) * (w[from + c] ?? 0);
  }
  return out;
}
