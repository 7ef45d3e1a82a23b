/** σ(z) = 1 / (1 + e^−z), without overflow. */
export function sigmoid(z: number): number {
  const e = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** ln(p / (1 − p)), with p kept off 0 and 1 by `edge`. */
export function logit(p: number, edge = 1e-3): number {
  const kept = Math.min(1 - edge, Math.max(edge, p));
  return Math.log(kept / (1 - kept));
}

/** Cross-entropy of a score 0..1 against σ(z): −s·ln σ(z) − (1 − s)·ln(1 − σ(z)). */
export function crossEntropy(z: number, score: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - score * z;
}
