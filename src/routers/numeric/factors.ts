import { createAdam } from './adam.ts';
import { gaussian, seededRandom, shuffledIndices } from './random.ts';

/** δ(M, q) = w₂·(v̂_M ⊙ W₁ᵀ[e_q, 1]), v̂ = v / ‖v‖. */
export interface Factors {
  /** Length of e_q. */
  readonly inputs: number;
  readonly rank: number;
  /** (inputs + 1) × rank, row-major; the last row belongs to the constant. */
  readonly w1: Float32Array;
  /** models × rank, row-major. */
  readonly v: Float32Array;
  readonly w2: Float32Array;
}

/** Small random projections, so that all δ start near 0; model vectors point anywhere. */
export function createFactors(inputs: number, rank: number, models: number, seed: number): Factors {
  const random = seededRandom(seed);
  const draw = (size: number, deviation: number): Float32Array =>
    Float32Array.from({ length: size }, () => deviation * gaussian(random));
  return {
    inputs,
    rank,
    w1: draw((inputs + 1) * rank, 0.3 / Math.sqrt(inputs + 1)),
    w2: new Float32Array(rank).fill(1),
    v: draw(models * rank, 1),
  };
}

/** v̂: each model's vector at length one. */
function unitVectors({ v, rank }: Factors, unit: Float64Array, lengths: Float64Array): void {
  for (let c = 0; c < lengths.length; c++) {
    let square = 0;
    for (let k = 0; k < rank; k++) square += (v[c * rank + k] ?? 0) ** 2;
    const length = Math.max(1e-12, Math.sqrt(square));
    lengths[c] = length;
    for (let k = 0; k < rank; k++) unit[c * rank + k] = (v[c * rank + k] ?? 0) / length;
  }
}

/** W₁ᵀ[e, 1] of the row of `x` at `at`. */
function embed({ inputs, rank, w1 }: Factors, x: ArrayLike<number>, at: number, h: Float64Array): void {
  for (let k = 0; k < rank; k++) h[k] = w1[inputs * rank + k] ?? 0;
  for (let i = 0; i < inputs; i++) {
    const value = x[at + i] ?? 0;
    if (value === 0) continue;
    const from = i * rank;
    for (let k = 0; k < rank; k++) h[k] = (h[k] ?? 0) + value * (w1[from + k] ?? 0);
  }
}

/** δ of every model for the row of `x` that starts at `at`; `h` holds `rank` numbers for the work. */
export function deltas(factors: Factors, x: ArrayLike<number>, at: number, h: Float64Array, out: Float64Array): void {
  const { rank, v, w2 } = factors;
  embed(factors, x, at, h);
  for (let c = 0; c < out.length; c++) {
    let sum = 0;
    let square = 0;
    for (let k = 0; k < rank; k++) {
      const value = v[c * rank + k] ?? 0;
      sum += (w2[k] ?? 0) * value * (h[k] ?? 0);
      square += value * value;
    }
    out[c] = sum / Math.max(1e-12, Math.sqrt(square));
  }
}

/**
 * Loss of one query: over all pairs of recorded scores, how much the winner's is higher times −ln σ(δ_win − δ_lose),
 * divided by the number of pairs. Equal scores weigh nothing, scores of 0 and 1 weigh as in the papers, and a narrow win
 * counts for little. Writes ∂loss/∂δ into `slope`.
 */
export function pairLoss(scores: Float64Array, at: number, delta: Float64Array, slope: Float64Array): number {
  const m = delta.length;
  slope.fill(0);
  let loss = 0;
  let pairs = 0;
  for (let i = 0; i < m; i++) {
    const a = scores[at + i] ?? Number.NaN;
    if (Number.isNaN(a)) continue;
    for (let j = 0; j < i; j++) {
      const b = scores[at + j] ?? Number.NaN;
      if (Number.isNaN(b)) continue;
      pairs++;
      if (a === b) continue;
      const [win, lose] = a > b ? [i, j] : [j, i];
      const gap = Math.abs(a - b);
      const margin = (delta[win] ?? 0) - (delta[lose] ?? 0);
      loss += gap * (Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin))));
      const pull = gap / (1 + Math.exp(margin));
      slope[win] = (slope[win] ?? 0) - pull;
      slope[lose] = (slope[lose] ?? 0) + pull;
    }
  }
  if (pairs === 0) return 0;
  for (let c = 0; c < m; c++) slope[c] = (slope[c] ?? 0) / pairs;
  return loss / pairs;
}

export interface FactorPlan {
  readonly seed: number;
  readonly train: Int32Array;
  readonly test: Int32Array;
  readonly maxEpochs: number;
  readonly patience: number;
  readonly batch: number;
  readonly rate: number;
  readonly decay: number;
  readonly onEpoch?: (epoch: number) => void;
}

/** Trains by Adam on batches of queries; the weights of the epoch that was best on `test` are kept. */
export function trainFactors(factors: Factors, x: Float32Array, scores: Float64Array, plan: FactorPlan): void {
  const { inputs, rank, w1, v, w2 } = factors;
  const m = v.length / rank;
  const { train, test, batch, maxEpochs, patience } = plan;
  const arrays = [w1, v, w2];
  const g1 = new Float32Array(w1.length);
  const gv = new Float32Array(v.length);
  const g2 = new Float32Array(w2.length);
  const adam = createAdam(arrays, { rate: plan.rate, decay: [plan.decay, 0, 0] });
  const random = seededRandom(plan.seed);
  const unit = new Float64Array(m * rank);
  const lengths = new Float64Array(m);
  const h = new Float64Array(rank);
  const delta = new Float64Array(m);
  const slope = new Float64Array(m);
  const back = new Float64Array(rank);

  const addGradient = (row: number, share: number): void => {
    deltas(factors, x, row * inputs, h, delta);
    pairLoss(scores, row * m, delta, slope);
    back.fill(0);
    for (let c = 0; c < m; c++) {
      const s = (slope[c] ?? 0) * share;
      if (s === 0) continue;
      // ∂δ/∂v = (g − v̂(v̂·g)) / ‖v‖ with g = w₂ ⊙ h.
      let along = 0;
      for (let k = 0; k < rank; k++) along += (unit[c * rank + k] ?? 0) * (w2[k] ?? 0) * (h[k] ?? 0);
      for (let k = 0; k < rank; k++) {
        const u = unit[c * rank + k] ?? 0;
        const g = (w2[k] ?? 0) * (h[k] ?? 0);
        gv[c * rank + k] = (gv[c * rank + k] ?? 0) + (s * (g - u * along)) / (lengths[c] ?? 1);
        g2[k] = (g2[k] ?? 0) + s * u * (h[k] ?? 0);
        back[k] = (back[k] ?? 0) + s * u * (w2[k] ?? 0);
      }
    }
    for (let i = 0; i <= inputs; i++) {
      const value = i === inputs ? 1 : (x[row * inputs + i] ?? 0);
      if (value === 0) continue;
      for (let k = 0; k < rank; k++) g1[i * rank + k] = (g1[i * rank + k] ?? 0) + value * (back[k] ?? 0);
    }
  };
  const testLoss = (): number => {
    let sum = 0;
    for (const row of test) {
      deltas(factors, x, row * inputs, h, delta);
      sum += pairLoss(scores, row * m, delta, slope);
    }
    return sum;
  };

  let best = testLoss();
  let kept = arrays.map((array) => array.slice());
  let since = 0;
  for (let epoch = 0; epoch < maxEpochs && since < patience; epoch++) {
    const order = shuffledIndices(train.length, random);
    for (let from = 0; from < order.length; from += batch) {
      const to = Math.min(order.length, from + batch);
      g1.fill(0);
      gv.fill(0);
      g2.fill(0);
      unitVectors(factors, unit, lengths);
      for (let i = from; i < to; i++) addGradient(train[order[i] ?? 0] ?? 0, 1 / (to - from));
      adam.step([g1, gv, g2], 1 - 0.9 * (epoch / maxEpochs));
    }
    const now = testLoss();
    since++;
    if (test.length === 0 || now < best) {
      best = now;
      kept = arrays.map((array) => array.slice());
      since = 0;
    }
    plan.onEpoch?.(epoch + 1);
  }
  for (const [a, array] of arrays.entries()) array.set(kept[a] ?? array);
}
