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

/** z(x), times `scale`, written into `out` from `at`. Four at a time: their sums do not wait for each other. */
export function randomFeaturesOf(
  { inputs, size, frequencies, phases }: RandomFeatures,
  x: ArrayLike<number>,
  out: Float32Array | Float64Array,
  at = 0,
  scale = 1,
): void {
  const factor = scale * Math.sqrt(2 / size);
  let j = 0;
  for (; j + 4 <= size; j += 4) {
    let s0 = phases[j] ?? 0;
    let s1 = phases[j + 1] ?? 0;
    let s2 = phases[j + 2] ?? 0;
    let s3 = phases[j + 3] ?? 0;
    const row = j * inputs;
    for (let i = 0; i < inputs; i++) {
      const value = x[i] ?? 0;
      s0 += (frequencies[row + i] ?? 0) * value;
      s1 += (frequencies[row + inputs + i] ?? 0) * value;
      s2 += (frequencies[row + 2 * inputs + i] ?? 0) * value;
      s3 += (frequencies[row + 3 * inputs + i] ?? 0) * value;
    }
    out[at + j] = factor * Math.cos(s0);
    out[at + j + 1] = factor * Math.cos(s1);
    out[at + j + 2] = factor * Math.cos(s2);
    out[at + j + 3] = factor * Math.cos(s3);
  }
  for (; j < size; j++) {
    let sum = phases[j] ?? 0;
    for (let i = 0; i < inputs; i++) sum += (frequencies[j * inputs + i] ?? 0) * (x[i] ?? 0);
    out[at + j] = factor * Math.cos(sum);
  }
}
