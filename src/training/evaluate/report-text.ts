import type { Interval } from './bootstrap.ts';
import type { RouterReport, SetReport, StrategyReport } from './report.ts';

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

/** A column of the table of routers. */
export interface Column {
  readonly title: string;
  /** What it means, for a reader who points at it. */
  readonly about: string;
  readonly cell: (router: RouterReport) => string;
}

const NAME: Column = { title: 'router', about: 'A router, or a control that exposes one', cell: ({ name }) => name };
const TAIL: readonly Column[] = [
  {
    title: 'optimal',
    about: "Share of queries whose best pick scores as well as the query's best model",
    cell: ({ optimalRate }) => share(optimalRate, 1),
  },
  {
    title: 'ECE',
    about: 'Expected calibration error of the predicted qualities, before and after they are calibrated',
    cell: ({ calibration, uncalibrated }) =>
      `${uncalibrated === null ? '' : `${score(uncalibrated.ece, 3)} → `}${score(calibration?.ece ?? null, 3)}`,
  },
  { title: 'fit', about: 'Mean seconds to fit one training fold', cell: ({ fitSeconds }) => seconds(fitSeconds) },
  {
    title: 'decision',
    about: 'Median time of one decision, features included',
    cell: ({ decideMicros }) => micros(decideMicros),
  },
];

const PRICED: readonly Column[] = [
  NAME,
  {
    title: 'auc',
    about: 'Mean quality between the cheapest and the best single model’s cost, 95 % interval',
    cell: ({ auc, aucCi }) => withRange(auc, aucCi),
  },
  {
    title: 'auc − zero',
    about: 'Above mixing single models at random, paired 95 % interval',
    cell: ({ aucMinusZero, aucMinusZeroCi }) => withRange(aucMinusZero, aucMinusZeroCi, signed),
  },
  {
    title: 'auc − prototype',
    about: 'Above the reference prototype, paired 95 % interval',
    cell: ({ aucMinusPrototype, aucMinusPrototypeCi }) => withRange(aucMinusPrototype, aucMinusPrototypeCi, signed),
  },
  {
    title: 'gap closed',
    about: 'Share of the way from zero to the oracle',
    cell: ({ gapClosed }) => share(gapClosed, 1),
  },
  { title: 'max quality', about: 'Best mean quality of the sweep', cell: ({ maxQuality }) => score(maxQuality) },
  {
    title: 'parity',
    about: 'Cheapest point of the sweep with the best single model’s quality, as a share of its cost (hindsight)',
    cell: ({ costAtParity }) => share(costAtParity),
  },
  { title: 'at 98 %', about: 'The same for 98 % of its quality', cell: ({ costAt98 }) => share(costAt98) },
  {
    title: 'quality-first',
    about: 'Quality at cost against the best single model of the training rows',
    cell: ({ strategies }) => strategyText(strategies['quality-first']),
  },
  {
    title: 'balanced',
    about: 'The same: λ keeps 98 % on training rows',
    cell: ({ strategies }) => strategyText(strategies.balanced),
  },
  {
    title: 'cost-first',
    about: 'The same: λ keeps 90 % on training rows',
    cell: ({ strategies }) => strategyText(strategies['cost-first']),
  },
  ...TAIL,
];

const UNPRICED: readonly Column[] = [
  NAME,
  {
    title: 'quality',
    about: 'Mean quality of the best predicted model, 95 % interval',
    cell: ({ maxQuality, strategies }) => withRange(maxQuality, strategies['quality-first']?.ci.quality ?? null),
  },
  {
    title: 'of best single',
    about: 'As a share of the best single model of the training rows',
    cell: ({ strategies }) => share(strategies['quality-first']?.qualityShare ?? null, 1),
  },
  ...TAIL,
];

const DUEL: readonly Column[] = [
  {
    title: 'APGR',
    about: 'RouteLLM: mean performance gap recovered, 95 % interval',
    cell: ({ apgr, apgrCi }) => withRange(apgr, apgrCi),
  },
  {
    title: 'APGR − length',
    about: 'Paired 95 % interval of the difference to the control `length`',
    cell: ({ apgrMinusLengthCi }) => range(apgrMinusLengthCi, signed) || '–',
  },
  {
    title: 'CPT 50 / 80',
    about: 'RouteLLM: percent of strong calls for 50 and 80 % of the gap',
    cell: ({ cpt50, cpt80 }) => (cpt50 === null ? '–' : `${cpt50.toFixed(1)} / ${(cpt80 ?? 0).toFixed(1)}`),
  },
];

/** The columns that a set has something to say in. */
export function columnsOf(set: SetReport): readonly Column[] {
  const base = set.zeroAuc === null && set.bestSingle.cost === null ? UNPRICED : PRICED;
  return set.models === 2 ? [...base, ...DUEL] : base;
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
