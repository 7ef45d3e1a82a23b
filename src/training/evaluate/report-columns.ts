import { micros, range, score, seconds, share, signed, strategyText, withRange } from './report-text.ts';
import type { RouterReport } from './report.ts';
import type { StrategyName } from './strategies.ts';
import { findingOf, promiseOf } from './verdict.ts';

/** A column of a table of routers. */
export interface Column {
  readonly title: string;
  /** What it means, for a reader who points at it. */
  readonly about: string;
  readonly cell: (router: RouterReport) => string;
  /** What a page has room for in small print. */
  readonly small?: (router: RouterReport) => string;
  /** Set where the interval proves something good or bad of a router. */
  readonly mark?: (router: RouterReport) => 'good' | 'bad' | undefined;
}

/** Who a row is about. */
export const NAME: Column = {
  title: 'router',
  about: 'A router, or a control that exposes one',
  cell: ({ name }) => name,
};

/** What is worth a mark. */
export const MARKS = { better: 'good', undecided: undefined, worse: 'bad' } as const;

function promiseWord(finding: 'kept' | 'undecided' | 'missed'): string {
  return finding === 'undecided' ? 'cannot tell' : finding;
}

function strategyColumn(strategy: StrategyName, about: string): Column {
  const promise = (router: RouterReport) => (strategy === 'quality-first' ? undefined : promiseOf(router, strategy));
  return {
    title: strategy,
    about,
    cell: ({ strategies }) => strategyText(strategies[strategy]),
    small: (router) => {
      const interval = range(router.strategies[strategy]?.ci.qualityShare ?? null, (value) => share(value, 1));
      const kept = promise(router);
      return kept === undefined ? interval : `${interval} ${promiseWord(kept.finding)}`.trim();
    },
    mark: (router) => (!router.control && promise(router)?.finding === 'missed' ? 'bad' : undefined),
  };
}

/** What a user gets of a set with costs. */
export const USER: readonly Column[] = [
  NAME,
  strategyColumn(
    'quality-first',
    'Quality at cost, as shares of the best single model of the training rows; 95 % interval of the quality',
  ),
  strategyColumn('balanced', 'The same: λ keeps 98 % on training rows; was that kept here?'),
  strategyColumn('cost-first', 'The same: λ keeps 90 % on training rows; was that kept here?'),
  {
    title: 'parity',
    about: 'Cheapest point of the sweep with the best single model’s quality, as a share of its cost (hindsight)',
    cell: ({ costAtParity }) => share(costAtParity),
  },
  { title: 'at 98 %', about: 'The same for 98 % of its quality', cell: ({ costAt98 }) => share(costAt98) },
];

/** The same without costs. */
export const USER_UNPRICED: readonly Column[] = [
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
];

/** How good predictions are, and how long they take. */
export const PRECISION: readonly Column[] = [
  {
    title: 'optimal',
    about: "Share of queries whose best pick scores as well as the query's best model",
    cell: ({ optimalRate }) => share(optimalRate, 1),
  },
  {
    title: 'ECE',
    about: 'Expected calibration error of the predicted qualities, before → after they are calibrated',
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

/** What explains a set with costs. */
export const DIAGNOSTICS: readonly Column[] = [
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
    mark: ({ control, aucMinusZeroCi }) => (control ? undefined : MARKS[findingOf(aucMinusZeroCi)]),
  },
  {
    title: 'gap closed',
    about: 'Share of the way from zero to the oracle',
    cell: ({ gapClosed }) => share(gapClosed, 1),
  },
  { title: 'max quality', about: 'Best mean quality of the sweep', cell: ({ maxQuality }) => score(maxQuality) },
  ...PRECISION,
];

/** RouteLLM's measures of two models. */
export const DUEL: readonly Column[] = [
  NAME,
  {
    title: 'APGR',
    about: 'RouteLLM: mean performance gap recovered, 95 % interval',
    cell: ({ apgr, apgrCi }) => withRange(apgr, apgrCi),
  },
  {
    title: 'APGR − length',
    about: 'Paired 95 % interval of the difference to the control `length`',
    cell: ({ apgrMinusLengthCi }) => range(apgrMinusLengthCi, signed) || '–',
    mark: ({ control, apgrMinusLengthCi }) => (control ? undefined : MARKS[findingOf(apgrMinusLengthCi)]),
  },
  {
    title: 'CPT 50 / 80',
    about: 'RouteLLM: percent of strong calls for 50 and 80 % of the gap',
    cell: ({ cpt50, cpt80 }) => (cpt50 === null ? '–' : `${cpt50.toFixed(1)} / ${(cpt80 ?? 0).toFixed(1)}`),
  },
];
