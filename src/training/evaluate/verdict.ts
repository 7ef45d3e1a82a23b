import type { Interval } from './bootstrap.ts';
import type { RouterReport } from './report.ts';
import { KEEPS } from '../../decide/strategy.ts';

/** What a paired 95 % interval of a difference says: above 0, around it, or below. */
export type Finding = 'better' | 'undecided' | 'worse';

export function findingOf(ci: Interval | null): Finding {
  if (ci === null) return 'undecided';
  if (ci[0] > 0) return 'better';
  return ci[1] < 0 ? 'worse' : 'undecided';
}

/** The controls that a router must beat to have learnt something, the hardest first. */
const RIVALS = ['prototype', 'constant', 'length', 'shuffled'] as const;
/** Without costs, always calling the best model is one more. */
const RIVALS_BY_QUALITY = ['prototype', 'best-single', 'constant', 'length', 'shuffled'] as const;

/** A router held against a control. */
export interface Comparison {
  readonly control: string;
  readonly difference: number;
  readonly ci: Interval | null;
  readonly finding: Finding;
}

/** Whether a strategy kept the share of the best single model's quality that it promises. */
export interface PromiseReport {
  readonly strategy: keyof typeof KEEPS;
  readonly keep: number;
  readonly qualityShare: number;
  readonly ci: Interval | null;
  readonly costShare: number | null;
  readonly finding: 'kept' | 'undecided' | 'missed';
}

/** What is proved of a router, and what is not. */
export interface Verdict {
  /** What is compared: areas, or mean qualities where there are none. */
  readonly measure: 'auc' | 'quality';
  readonly against: readonly Comparison[];
  readonly promises: readonly PromiseReport[];
}

function promiseFinding(ci: Interval | null, keep: number): PromiseReport['finding'] {
  if (ci === null) return 'undecided';
  if (ci[0] >= keep) return 'kept';
  return ci[1] < keep ? 'missed' : 'undecided';
}

/** How a strategy of a router or control stands to its promise; undefined where it chose nothing. */
export function promiseOf({ strategies }: RouterReport, strategy: keyof typeof KEEPS): PromiseReport | undefined {
  const report = strategies[strategy];
  if (report === null) return undefined;
  const { qualityShare, costShare } = report;
  const ci = report.ci.qualityShare;
  const keep = KEEPS[strategy];
  return { strategy, keep, qualityShare, ci, costShare, finding: promiseFinding(ci, keep) };
}

/**
 * The verdict on a router, from paired intervals only. They are about the queries that were met: another fit, or many
 * comparisons at once, can differ by more.
 */
export function verdictOf(router: RouterReport): Verdict {
  const measure = router.auc === null ? 'quality' : 'auc';
  const differences = measure === 'auc' ? router.aucMinusControls : router.qualityMinusControls;
  const rivals: readonly string[] = measure === 'auc' ? RIVALS : RIVALS_BY_QUALITY;
  return {
    measure,
    against: rivals.flatMap((control) => {
      const found = differences[control];
      return found === undefined ? [] : [{ control, ...found, finding: findingOf(found.ci) }];
    }),
    promises: (['balanced', 'cost-first'] as const).flatMap((strategy) => promiseOf(router, strategy) ?? []),
  };
}
