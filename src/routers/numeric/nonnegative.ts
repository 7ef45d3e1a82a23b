/**
 * Non-negative least squares in normal form: w ≥ 0 minimising wᵀGw/2 − bᵀw for a symmetric positive semi-definite
 * G (p × p). Coordinate descent (Franc, Hlaváč and Navara, 2005): exact for the few columns of a stack.
 */
export function nonNegativeLeastSquares(g: Float64Array, b: Float64Array, iterations = 2000): Float64Array {
  const p = b.length;
  const w = new Float64Array(p);
  for (let iteration = 0; iteration < iterations; iteration++) {
    let moved = 0;
    for (let i = 0; i < p; i++) {
      const pivot = g[i * p + i] ?? 0;
      if (pivot <= 1e-15) continue;
      let slope = b[i] ?? 0;
      for (let j = 0; j < p; j++) slope -= (g[i * p + j] ?? 0) * (w[j] ?? 0);
      const next = Math.max(0, (w[i] ?? 0) + slope / pivot);
      moved = Math.max(moved, Math.abs(next - (w[i] ?? 0)));
      w[i] = next;
    }
    if (moved < 1e-9) break;
  }
  return w;
}
