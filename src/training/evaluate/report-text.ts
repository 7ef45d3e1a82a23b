import type { Interval } from './bootstrap.ts';
import type { SetReport, StrategyReport } from './report.ts';

/** How numbers are written in tables: the same on the terminal, in Markdown and in HTML. */

/** `.8423`; a dash for what does not apply. */
export function score(value: number | null, digits = 4): string {
  if (value === null) return '–';
  const text = value.toFixed(digits);
  return text
    .replace(/^(-?)0\./, '$1.')
    .replace(/^-(\.0*)$/, '$1')
    .replace('-', '−');
}

/** `+.0032`. */
export function signed(value: number | null): string {
  if (value === null) return '–';
  const text = score(value);
  return text.startsWith('−') ? text : `+${text}`;
}

/** `[.8391, .8452]`. */
export function range(interval: Interval | null, write: (value: number | null) => string = score): string {
  return interval === null ? '' : `[${write(interval[0])}, ${write(interval[1])}]`;
}

/** `.8423 [.8391, .8452]`. */
export function withRange(
  value: number | null,
  interval: Interval | null,
  write: (value: number | null) => string = score,
): string {
  return value === null ? '–' : `${write(value)} ${range(interval, write)}`.trim();
}

/** A share as percent: `98.2 %`. */
export function share(value: number | null, digits = 0): string {
  return value === null ? '–' : `${(value * 100).toFixed(digits)} %`.replace(/^-(?=[0.]+ )/, '').replace('-', '−');
}

/** A strategy's quality and cost against the best single model: `98.4 % at 61 %`. */
export function strategyText(strategy: StrategyReport | null): string {
  if (strategy === null) return '–';
  const quality = share(strategy.qualityShare, 1);
  return strategy.costShare === null ? quality : `${quality} at ${share(strategy.costShare)}`;
}

/** `$0.0021`: three significant digits. */
export function dollars(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '$0';
  const digits = Math.max(2, 2 - Math.floor(Math.log10(value)));
  return `$${value.toFixed(Math.min(12, digits))}`;
}

/** `$0.30`, `$0.002`: a round sum. */
export function dollarTick(value: number): string {
  const digits = Math.max(0, -Math.floor(Math.log10(value) + 1e-9));
  return `$${value.toFixed(value < 1 ? Math.max(2, digits) : 0)}`;
}

/** `35 µs`, `2.1 ms`. */
export function micros(value: number | null): string {
  if (value === null) return '–';
  return value < 1000 ? `${value.toFixed(0)} µs` : `${(value / 1000).toFixed(1)} ms`;
}

/** `0.8 s`. */
export function seconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} s`;
}

/** What was judged, in a line or two of plain words. */
export function introduction(set: SetReport): string[] {
  const { bestSingle, oracle, left } = set;
  const cost = (value: number | null): string => (value === null ? '' : ` at ${dollars(value)} per query`);
  const lines = [
    `${set.rows} queries, ${set.models} models; learnt on ${Math.round(set.trainRows)} rows.`,
    `Best single model: ${bestSingle.model}, quality ${score(bestSingle.quality)}${cost(bestSingle.cost)}, as good as any on ${share(bestSingle.optimalRate, 1)} of the queries.`,
    `Oracle: quality ${score(oracle.quality)}${cost(oracle.cost)}${oracle.auc === null ? '' : `, auc ${score(oracle.auc)}`}.${set.zeroAuc === null ? '' : ` Mixing single models (zero): auc ${withRange(set.zeroAuc, set.zeroAucCi)}.`}`,
  ];
  if (left.unpriced.length > 0) lines.push(`Not judged, for want of a cost: ${left.unpriced.join(', ')}.`);
  if (left.sparse.length > 0) lines.push(`Not judged, for want of outcomes: ${left.sparse.join(', ')}.`);
  if (left.rows > 0) lines.push(`${left.rows} queries without all outcomes were not judged.`);
  return lines;
}
