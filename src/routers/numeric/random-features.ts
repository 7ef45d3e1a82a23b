import { gaussian, seededRandom } from './random.ts';

/** A random map whose inner products approximate a Gaussian kernel. */
export interface RandomFeatures {
  /** Numbers that go in: d. */
  readonly inputs: number;
  /** Numbers that come out: D. */
  readonly size: number;
  /** D × d, row-major: ω. */
  readonly frequencies: Float32Array;
  /** D phases, 0..2π: b. */
  readonly phases: Float32Array;
}

/**
 * Draws a map z with z(x)·z(y) ≈ exp(−γ‖x − y‖²): z_j(x) = √(2/D)·cos(ω_j·x + b_j), ω ~ N(0, 2γ·I), b ~ U(0, 2π).
 * Random Fourier features: Rahimi and Recht, 2007.
 */
export function drawRandomFeatures(inputs: number, size: number, gamma: number, seed: number): RandomFeatures {
  const random = seededRandom(seed);
  const deviation = Math.sqrt(2 * gamma);
  const frequencies = new Float32Array(size * inputs);
  for (let i = 0; i < frequencies.length; i++) frequencies[i] = deviation * gaussian(random);
  const phases = new Float32Array(size);
  for (let j = 0; j < size; j++) phases[j] = 2 * Math.PI * random();
  return { inputs, size, frequencies, phases };
}

/** z(x), times `scale`, written into `out` from `at`. */
export function randomFeaturesOf(
  { inputs, size, frequencies, phases }: RandomFeatures,
  x: ArrayLike<number>,
  out: Float32Array | Float64Array,
  at = 0,
  scale = 1,
): void {
  const factor = scale * Math.sqrt(2 / size);
  for (let j = 0; j < size; j++) {
    let sum = phases[j] ?? 0;
    const row = j * inputs;
    for (let i = 0; i < inputs; i++) sum += (frequencies[row + i] ?? 0) * (x[i] ?? 0);
    out[at + j] = factor * Math.cos(sum);
  }
}
