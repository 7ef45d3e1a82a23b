import { describe, expect, it } from 'vitest';
import { createPerceptron, forward, trainPerceptron, type Perceptron } from './perceptron.ts';

const plan = {
  seed: 7,
  test: new Int32Array(0),
  maxEpochs: 200,
  patience: 200,
  batch: 4,
  rate: 0.05,
  decay: 0,
};

describe('a network with one hidden layer', () => {
  it('is W₂ᵀ·tanh(W₁ᵀx + b₁) + b₂, by hand', () => {
    const net: Perceptron = {
      inputs: 2,
      hidden: 2,
      outputs: 1,
      w1: Float32Array.of(1, 0, 0, -1),
      b1: Float32Array.of(0.5, 0),
      w2: Float32Array.of(2, 3),
      b2: Float32Array.of(-1),
    };
    const o = new Float64Array(1);
    forward(net, [9, 0.5, 0.25], 1, new Float64Array(2), o);
    expect(o[0]).toBeCloseTo(2 * Math.tanh(1) + 3 * Math.tanh(-0.25) - 1, 9);
  });

  it('starts at its bias whatever the input', () => {
    const o = new Float64Array(2);
    forward(createPerceptron(3, 5, Float32Array.of(0.25, -2), 7), [1, 2, 3], 0, new Float64Array(5), o);
    expect([...o]).toEqual([0.25, -2]);
  });

  it('learns what no line can: exclusive or', () => {
    const x = Float32Array.of(-1, -1, -1, 1, 1, -1, 1, 1);
    const net = createPerceptron(2, 8, Float32Array.of(0), 7);
    const loss = (row: number, o: Float64Array, slope: Float64Array): number => {
      const error = (o[0] ?? 0) - (row === 1 || row === 2 ? 1 : 0);
      slope[0] = 2 * error;
      return error * error;
    };
    trainPerceptron(net, x, { ...plan, loss, train: Int32Array.of(0, 1, 2, 3) });
    const o = new Float64Array(1);
    for (const [row, wanted] of [0, 1, 1, 0].entries()) {
      forward(net, x, row * 2, new Float64Array(8), o);
      expect(o[0]).toBeCloseTo(wanted, 1);
    }
  });

  it('keeps the weights that were best on unseen rows', () => {
    // The only training row points away from the test row: the first step is already one too many.
    const net = createPerceptron(1, 2, Float32Array.of(0), 7);
    const loss = (row: number, o: Float64Array, slope: Float64Array): number => {
      const error = (o[0] ?? 0) - (row === 0 ? 1 : -1);
      slope[0] = 2 * error;
      return error * error;
    };
    const x = Float32Array.of(1, 1);
    let epochs = 0;
    trainPerceptron(net, x, {
      ...plan,
      loss,
      train: Int32Array.of(0),
      test: Int32Array.of(1),
      patience: 3,
      onEpoch: () => epochs++,
    });
    const o = new Float64Array(1);
    forward(net, x, 0, new Float64Array(2), o);
    expect(o[0]).toBe(0);
    expect(epochs).toBe(3);
  });
});
