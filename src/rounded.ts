/** What is too large to have a fraction stays as it is. */
function rounded(value: number, parts: number): number {
  return Number.isInteger(value) ? value : Math.round(value * parts) / parts;
}

/** Sums and differences of doubles end in noise such as 0.049662500000000005: nobody counts below a nano-dollar. */
export function roundedUsd(usd: number): number {
  return rounded(usd, 1e9);
}

/** Milliseconds to the microsecond, which is what is measured. */
export function roundedMs(ms: number): number {
  return rounded(ms, 1000);
}
