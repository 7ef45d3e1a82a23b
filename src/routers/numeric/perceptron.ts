import { createAdam } from './adam.ts';
import { gaussian, seededRandom, shuffledIndices } from './random.ts';

/** A network with one hidden layer: h = tanh(W₁ᵀx + b₁), o = W₂ᵀh + b₂. */
export interface Perceptron {
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
  /** inputs × hidden, row-major. */
  readonly w1: Float32Array;
  readonly b1: Float32Array;
  /** hidden × outputs, row-major. */
  readonly w2: Float32Array;
  readonly b2: Float32Array;
}

/** Weights with variance 1 / inputs; the outputs start at `bias` whatever the input. */
export function createPerceptron(inputs: number, hidden: number, bias: Float32Array, seed: number): Perceptron {
  const random = seededRandom(seed);
  const deviation = 1 / Math.sqrt(Math.max(1, inputs));
  return {
    inputs,
    hidden,
    outputs: bias.length,
    w1: Float32Array.from({ length: inputs * hidden }, () => deviation * gaussian(random)),
    b1: new Float32Array(hidden),
    w2: new Float32Array(hidden * bias.length),
    b2: bias.slice(),
  };
}

/** sums += Σ values[at + i] · row i of `weights`, row by row; four rows in one pass, so that sums are read and written less often. */
function addRows(
  sums: Float64Array,
  weights: Float32Array,
  values: ArrayLike<number>,
  at: number,
  count: number,
): void {
  const size = sums.length;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const v0 = values[at + i] ?? 0;
    const v1 = values[at + i + 1] ?? 0;
    const v2 = values[at + i + 2] ?? 0;
    const v3 = values[at + i + 3] ?? 0;
    const w = i * size;
    for (let j = 0; j < size; j++) {
      const one = (sums[j] ?? 0) + v0 * (weights[w + j] ?? 0);
      const two = one + v1 * (weights[w + size + j] ?? 0);
      const three = two + v2 * (weights[w + 2 * size + j] ?? 0);
      sums[j] = three + v3 * (weights[w + 3 * size + j] ?? 0);
    }
  }
  for (; i < count; i++) {
    const value = values[at + i] ?? 0;
    for (let j = 0; j < size; j++) sums[j] = (sums[j] ?? 0) + value * (weights[i * size + j] ?? 0);
  }
}

/** Outputs and hidden values for the row of `x` that starts at `at`. */
export function forward(net: Perceptron, x: ArrayLike<number>, at: number, h: Float64Array, o: Float64Array): void {
  h.set(net.b1);
  addRows(h, net.w1, x, at, net.inputs);
  for (let j = 0; j < h.length; j++) h[j] = Math.tanh(h[j] ?? 0);
  o.set(net.b2);
  addRows(o, net.w2, h, 0, net.hidden);
}

/** Adds to the gradients what `slope` = ∂loss/∂o asks for, back through both layers (Rumelhart, Hinton and Williams, 1986). */
function backward(
  net: Perceptron,
  gradients: Perceptron,
  x: ArrayLike<number>,
  at: number,
  h: Float64Array,
  slope: Float64Array,
  back: Float64Array,
): void {
  const { inputs, hidden, outputs, w2 } = net;
  const { w1: g1, b1: gb1, w2: g2, b2: gb2 } = gradients;
  for (let k = 0; k < outputs; k++) gb2[k] = (gb2[k] ?? 0) + (slope[k] ?? 0);
  for (let j = 0; j < hidden; j++) {
    const value = h[j] ?? 0;
    const from = j * outputs;
    let sum = 0;
    for (let k = 0; k < outputs; k++) {
      const s = slope[k] ?? 0;
      g2[from + k] = (g2[from + k] ?? 0) + value * s;
      sum += s * (w2[from + k] ?? 0);
    }
    const d = sum * (1 - value * value);
    back[j] = d;
    gb1[j] = (gb1[j] ?? 0) + d;
  }
  for (let i = 0; i < inputs; i++) {
    const value = x[at + i] ?? 0;
    if (value === 0) continue;
    const from = i * hidden;
    for (let j = 0; j < hidden; j++) g1[from + j] = (g1[from + j] ?? 0) + value * (back[j] ?? 0);
  }
}

export interface TrainingPlan {
  readonly seed: number;
  /** Loss of one row's outputs; writes its gradient into `slope`. */
  readonly loss: (row: number, o: Float64Array, slope: Float64Array) => number;
  /** Rows to learn from, and rows that tell when to stop; the first may be all there is. */
  readonly train: Int32Array;
  readonly test: Int32Array;
  readonly maxEpochs: number;
  /** Ends after this many epochs without a better loss on `test`. */
  readonly patience: number;
  readonly batch: number;
  readonly rate: number;
  readonly decay: number;
  /** Told after each epoch; may throw. */
  readonly onEpoch?: (epoch: number) => void;
}

const arraysOf = ({ w1, b1, w2, b2 }: Perceptron): readonly Float32Array[] => [w1, b1, w2, b2];

/**
 * Trains `net` in place by Adam on batches, the step falling to a tenth over `maxEpochs`; the weights of the epoch that
 * was best on `test` are kept (after the last epoch where `test` is empty).
 */
export function trainPerceptron(net: Perceptron, x: Float32Array, plan: TrainingPlan): void {
  const { train, test, batch, maxEpochs, patience } = plan;
  const gradients: Perceptron = {
    ...net,
    w1: new Float32Array(net.w1.length),
    b1: new Float32Array(net.b1.length),
    w2: new Float32Array(net.w2.length),
    b2: new Float32Array(net.b2.length),
  };
  const arrays = arraysOf(net);
  const slopes = arraysOf(gradients);
  const adam = createAdam(arrays, { rate: plan.rate, decay: [plan.decay, 0, plan.decay, 0] });
  const h = new Float64Array(net.hidden);
  const back = new Float64Array(net.hidden);
  const o = new Float64Array(net.outputs);
  const slope = new Float64Array(net.outputs);
  const random = seededRandom(plan.seed);
  const testLoss = (): number => {
    let sum = 0;
    for (const row of test) {
      forward(net, x, row * net.inputs, h, o);
      sum += plan.loss(row, o, slope);
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
      for (const array of slopes) array.fill(0);
      for (let i = from; i < to; i++) {
        const row = train[order[i] ?? 0] ?? 0;
        forward(net, x, row * net.inputs, h, o);
        plan.loss(row, o, slope);
        backward(net, gradients, x, row * net.inputs, h, slope, back);
      }
      for (const array of slopes) for (let i = 0; i < array.length; i++) array[i] = (array[i] ?? 0) / (to - from);
      adam.step(slopes, 1 - 0.9 * (epoch / maxEpochs));
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
