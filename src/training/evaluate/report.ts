import type { VectorSpace } from '../../query/embedder.ts';
import type { Differences } from './against-controls.ts';
import type { Aiq } from './aiq.ts';
import type { Interval } from './bootstrap.ts';
import type { Calibration } from './calibration.ts';
import type { Origin } from './origin.ts';
import type { StrategyName } from './strategies.ts';

/** What a strategy's choices are worth, λ chosen on training rows. Shares are of the best single model by training rows. */
export interface StrategyReport {
  readonly quality: number;
  /** Mean USD per query; null where the set has no costs. */
  readonly cost: number | null;
  readonly qualityShare: number;
  readonly costShare: number | null;
  readonly ci: {
    readonly quality: Interval | null;
    readonly cost: Interval | null;
    readonly qualityShare: Interval | null;
    readonly costShare: Interval | null;
  };
}

/** A router on the queries of one benchmark or subject. */
export interface BenchmarkReport {
  readonly name: string;
  readonly rows: number;
  /** Mean score of the pick at λ = 0; null for controls without one. */
  readonly quality: number | null;
  /** By `balanced`; null without costs. */
  readonly balanced: { readonly quality: number; readonly cost: number } | null;
}

/** A model, its mean score and mean cost in USD per query. */
export interface SingleReport {
  readonly model: string;
  readonly quality: number;
  readonly cost: number | null;
}

export interface CurvePoint {
  readonly cost: number;
  readonly quality: number;
}

/** One router or control on one set. Null = does not apply, mostly because the set has no costs. */
export interface RouterReport {
  readonly name: string;
  readonly control: boolean;
  readonly auc: number | null;
  readonly aucCi: Interval | null;
  readonly aucMinusZero: number | null;
  readonly aucMinusZeroCi: Interval | null;
  readonly aucMinusPrototype: number | null;
  readonly aucMinusPrototypeCi: Interval | null;
  /** Paired differences of a router's auc to each control's, but for the oracle; empty for controls. */
  readonly aucMinusControls: Differences;
  /**
   * Where there is no auc: paired differences of the mean quality under `quality-first` to each control's, but for the
   * oracle; empty for controls and where there is an auc.
   */
  readonly qualityMinusControls: Differences;
  readonly gapClosed: number | null;
  readonly maxQuality: number;
  readonly costAtParity: number | null;
  readonly costAt98: number | null;
  readonly strategies: Readonly<Record<StrategyName, StrategyReport | null>>;
  readonly optimalRate: number | null;
  readonly apgr: number | null;
  readonly apgrCi: Interval | null;
  readonly apgrMinusLengthCi: Interval | null;
  readonly cpt50: number | null;
  readonly cpt80: number | null;
  readonly fitSeconds: number | null;
  readonly decideMicros: number | null;
  readonly aiq: Aiq | null;
  /** RouterArena's score 0..100: the best point of the sweep, and `balanced`. */
  readonly arena: { readonly best: number; readonly balanced: number | null } | null;
  readonly calibration: Calibration | null;
  /** The same of the predictions before they were calibrated; null where nothing calibrates them. */
  readonly uncalibrated: Pick<Calibration, 'ece' | 'brier'> | null;
  readonly benchmarks: readonly BenchmarkReport[];
  readonly learningCurve: readonly { readonly share: number; readonly rows: number; readonly auc: number | null }[];
}

/** A query where the router's choice fell far behind the best. */
export interface Regret {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly chosen: string;
  readonly predicted: number;
  readonly score: number;
  readonly bestModel: string;
  readonly bestScore: number;
  /** Cheapest model of that score. */
  readonly bestPredicted: number;
}

/** What the drawings need beside the numbers. */
export interface Drawn {
  readonly singles: readonly SingleReport[];
  /** Sweep points by contender, in the order of λ. */
  readonly curves: ReadonlyMap<string, readonly CurvePoint[]>;
  readonly zeroHull: readonly CurvePoint[];
  /** By router: queries of the largest regret under `balanced` (λ = 0 without costs). */
  readonly regrets: ReadonlyMap<string, readonly Regret[]>;
}

/** An evaluation of one set. */
export interface SetReport {
  /** The data file's stem. */
  readonly name: string;
  /** Queries judged. */
  readonly rows: number;
  /** Models judged. */
  readonly models: number;
  readonly bestSingle: SingleReport & { readonly optimalRate: number };
  readonly cheapestSingle: SingleReport;
  readonly oracle: { readonly quality: number; readonly cost: number | null; readonly auc: number | null };
  readonly zeroAuc: number | null;
  readonly zeroAucCi: Interval | null;
  readonly routers: readonly RouterReport[];
  /** Per benchmark: the best single model over all, and the best one for this benchmark in hindsight. */
  readonly benchmarks: readonly {
    readonly name: string;
    readonly rows: number;
    readonly bestSingle: number;
    readonly best: SingleReport;
    readonly oracle: number;
  }[];
  /** What was left out and why. */
  readonly left: { readonly unpriced: readonly string[]; readonly sparse: readonly string[]; readonly rows: number };
  /** Mean rows that were learnt from. */
  readonly trainRows: number;
  readonly drawn: Drawn;
}

/** How the numbers came about. */
export interface EvaluationReport {
  readonly seed: number;
  /** Null when trained on other files. */
  readonly folds: number | null;
  readonly resamples: number;
  readonly train: readonly string[];
  /** Whose vectors the rows had; absent when they had none. */
  readonly embedder?: VectorSpace;
  /** Absent where nobody told it. */
  readonly origin?: Origin;
  readonly sets: readonly SetReport[];
}
