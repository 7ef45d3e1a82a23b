import type { Estimate } from './decision.ts';

/** `0.98` → `98 %`, `0.975` → `97.5 %`. */
export function percent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(1))} %`;
}

/** `1873` → `1 873`. */
export function grouped(n: number): string {
  return String(n).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** USD with as many digits as small sums need: `$0.00012`, `$1.50`, `-$0.002`. */
export function usd(amount: number): string {
  if (amount < 0) return `-${usd(-amount)}`;
  if (amount === 0) return '$0';
  return amount >= 0.01 ? `$${amount.toFixed(amount >= 1 ? 2 : 4)}` : `$${Number(amount.toPrecision(3))}`;
}

/** ` at 4× the price` of `b` against `a`, or why it cannot be said. */
export function times(b: number, a: number): string {
  if (!Number.isFinite(b)) return ' (price unknown)';
  if (!Number.isFinite(a) || a === 0) return b === 0 ? ' at the same price' : ` at ${usd(b)}`;
  const ratio = b / a;
  return ratio === 1 ? ' at the same price' : ` at ${Number(ratio.toPrecision(ratio >= 10 ? 3 : 2))}× the price`;
}

/** `, expected $0.0004` of an estimate. */
export function cost(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '';
  return estimate.costUsd === null ? ', price unknown' : `, expected ${usd(estimate.costUsd)}`;
}
