export interface AdamOptions {
  /** Step size α. */
  readonly rate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay per step of size α (Loshchilov and Hutter, ICLR 2019); one for each array, 0 = none. */
  readonly decay?: readonly number[];
}

/** A stochastic optimiser that owns the moments of the parameters it moves. */
export interface Adam {
  /** Moves every array against its gradient, in place; `scale` shrinks this step. */
  step(gradients: readonly Float32Array[], scale?: number): void;
}

/**
 * Adam (Kingma and Ba, ICLR 2015): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − α·m̂ / (√v̂ + ε) with
 * m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 */
export function createAdam(parameters: readonly Float32Array[], options: AdamOptions = {}): Adam {
  const { rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = [] } = options;
  const means = parameters.map((array) => new Float32Array(array.length));
  const squares = parameters.map((array) => new Float32Array(array.length));
  let power1 = 1;
  let power2 = 1;
  const move = (
    theta: Float32Array,
    g: Float32Array,
    m: Float32Array,
    v: Float32Array,
    alpha: number,
    keep: number,
  ) => {
    const unbias = 1 / Math.sqrt(1 - power2);
    const size = alpha / (1 - power1);
    for (let i = 0; i < theta.length; i++) {
      const gradient = g[i] ?? 0;
      const mean = beta1 * (m[i] ?? 0) + (1 - beta1) * gradient;
      const square = beta2 * (v[i] ?? 0) + (1 - beta2) * gradient * gradient;
      m[i] = mean;
      v[i] = square;
      theta[i] = keep * (theta[i] ?? 0) - (size * mean) / (Math.sqrt(square) * unbias + epsilon);
    }
  };
  return {
    step(gradients, scale = 1) {
      power1 *= beta1;
      power2 *= beta2;
      const alpha = rate * scale;
      for (const [a, theta] of parameters.entries()) {
        const [g, m, v] = [gradients[a], means[a], squares[a]];
        if (g === undefined || m === undefined || v === undefined) throw new RangeError(`no gradient of array ${a}`);
        move(theta, g, m, v, alpha, 1 - alpha * (decay[a] ?? 0));
      }
    },
  };
}
