/**
 * The standard normal distribution function, absolute error below 7.5e-8.
 * Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.17.
 */
export function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  if (z > 8) return 1;
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}

/** P(difference > 0) for a normal difference with this mean and standard error; a sure difference gives 0, ½ or 1. */
export function probabilityAbove(difference: number, stderr: number): number {
  if (stderr > 0) return normalCdf(difference / stderr);
  return difference > 0 ? 1 : difference < 0 ? 0 : 0.5;
}
