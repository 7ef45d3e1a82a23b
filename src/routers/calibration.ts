import { holdOutOf } from './numeric/folds.ts';
import { minimise } from './numeric/lbfgs.ts';
import { crossEntropy, logit, sigmoid } from './numeric/sigmoid.ts';
import type { Prediction } from './router.ts';
import { readState } from './state-reader.ts';
import type { RouterState } from './trained.ts';

const KIND = 'platt';

/** How predicted quality becomes expected score: σ(intercept + slope · logit q). */
interface Curve {
  readonly intercept: number;
  readonly slope: number;
}

/** Quality before and after, each half judged by the curve of the other half. */
export interface CalibrationReport {
  /** Predictions with a recorded score. */
  readonly count: number;
  readonly brierBefore: number;
  readonly brierAfter: number;
  /** Expected calibration error. */
  readonly eceBefore: number;
  readonly eceAfter: number;
}

/** A fitted calibration: never decreasing, so that the better predicted stays the better one. */
export interface Calibration {
  readonly kind: typeof KIND;
  readonly report: CalibrationReport;
  /** The score to expect of a predicted quality, 0..1. */
  qualityOf(predicted: number): number;
  /** The same for a prediction; the standard error is carried along the curve. */
  apply(prediction: Prediction): Prediction;
  save(): RouterState;
}

const BINS = 15;
/** A slope that is not above this would turn good into equal. */
const LEAST_SLOPE = 0.05;

/** Predictions and scores where both are known. */
function recorded(predicted: Float64Array, scores: Float64Array, keep: (i: number) => boolean) {
  const kept = Array.from(scores.keys()).filter(
    (i) => !Number.isNaN(scores[i] ?? Number.NaN) && Number.isFinite(predicted[i] ?? Number.NaN) && keep(i),
  );
  return {
    predicted: Float64Array.from(kept, (i) => predicted[i] ?? 0),
    scores: Float64Array.from(kept, (i) => scores[i] ?? 0),
  };
}

/**
 * Expected calibration error: mean distance between mean prediction and mean score in 15 bins of equal width, weighted by
 * their size (Naeini, Cooper and Hauskrecht, 2015). What is not finite is left out; 0 when nothing is left.
 */
export function expectedCalibrationError(predicted: Float64Array, scores: Float64Array): number {
  const sums = new Float64Array(BINS);
  let count = 0;
  for (let i = 0; i < scores.length; i++) {
    const off = (predicted[i] ?? Number.NaN) - (scores[i] ?? Number.NaN);
    if (!Number.isFinite(off)) continue;
    const bin = Math.max(0, Math.min(BINS - 1, Math.floor((predicted[i] ?? 0) * BINS)));
    sums[bin] = (sums[bin] ?? 0) + off;
    count++;
  }
  return count === 0 ? 0 : sums.reduce((total, sum) => total + Math.abs(sum), 0) / count;
}

function brier(predicted: Float64Array, scores: Float64Array): number {
  if (scores.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += ((predicted[i] ?? 0) - (scores[i] ?? 0)) ** 2;
  return sum / scores.length;
}

/**
 * σ(A + B·logit q) by cross-entropy (Platt, 1999), with the logit in place of a margin. One unit of ½·(A² + (B − 1)²) holds
 * it to the identity where there is little data.
 */
export function fitPlatt(predicted: Float64Array, scores: Float64Array): Curve {
  const z = predicted.map((each) => logit(each));
  const { x } = minimise(
    ([intercept = 0, slope = 0], gradient) => {
      let value = (intercept ** 2 + (slope - 1) ** 2) / 2;
      gradient[0] = intercept;
      gradient[1] = slope - 1;
      for (let i = 0; i < z.length; i++) {
        const at = intercept + slope * (z[i] ?? 0);
        const residual = sigmoid(at) - (scores[i] ?? 0);
        value += crossEntropy(at, scores[i] ?? 0);
        gradient[0] = (gradient[0] ?? 0) + residual;
        gradient[1] = (gradient[1] ?? 0) + residual * (z[i] ?? 0);
      }
      return value;
    },
    Float64Array.of(0, 1),
    { tolerance: 1e-6 },
  );
  return { intercept: x[0] ?? 0, slope: Math.max(LEAST_SLOPE, x[1] ?? 1) };
}

function valueAt({ intercept, slope }: Curve, predicted: number): number {
  return sigmoid(intercept + slope * logit(Number.isFinite(predicted) ? predicted : 0.5));
}

/** Predictions of each half by a curve of the other half. */
function crossed(halves: readonly ReturnType<typeof recorded>[]): Float64Array {
  return Float64Array.from(
    halves.flatMap((half, i) => {
      const other = halves[1 - i] ?? half;
      const curve = fitPlatt(other.predicted, other.scores);
      return Array.from(half.predicted, (each) => valueAt(curve, each));
    }),
  );
}

function calibration(curve: Curve, report: CalibrationReport): Calibration {
  const qualityOf = (predicted: number): number => valueAt(curve, predicted);
  const { count, brierBefore, brierAfter, eceBefore, eceAfter } = report;
  return {
    kind: KIND,
    report,
    qualityOf,
    apply({ quality, stderr }) {
      const above = qualityOf(Math.min(1, quality + stderr));
      const below = qualityOf(Math.max(0, quality - stderr));
      return { quality: qualityOf(quality), stderr: (above - below) / 2 };
    },
    save: () => ({
      router: 'calibration',
      meta: {
        kind: KIND,
        report: { count, brierBefore, brierAfter, eceBefore, eceAfter },
        intercept: curve.intercept,
        slope: curve.slope,
      },
      tensors: {},
    }),
  };
}

/**
 * Learns how far predictions can be believed: Platt's sigmoid, one for all models, so that it changes no ranking by
 * quality. An isotonic curve errs less, but its steps make models equal for a query, which costs area.
 *
 * @param predicted n × m predictions by routers that had not seen the row
 * @param scores n × m, NaN = not recorded
 * @param groups n; rows of one group stand in one half
 */
export function fitCalibration(
  predicted: Float64Array,
  scores: Float64Array,
  groups: Int32Array,
  { seed }: { readonly seed: number },
): Calibration {
  const m = groups.length === 0 ? 1 : scores.length / groups.length;
  const sides = holdOutOf(groups, 0.5, seed);
  const halves = [0, 1].map((side) => recorded(predicted, scores, (i) => sides[Math.floor(i / m)] === side));
  const all = recorded(predicted, scores, () => true);
  const truth = Float64Array.from(halves.flatMap((half) => Array.from(half.scores)));
  const before = Float64Array.from(halves.flatMap((half) => Array.from(half.predicted)));
  const after = crossed(halves);
  return calibration(fitPlatt(all.predicted, all.scores), {
    count: truth.length,
    brierBefore: brier(before, truth),
    brierAfter: brier(after, truth),
    eceBefore: expectedCalibrationError(before, truth),
    eceAfter: expectedCalibrationError(after, truth),
  });
}

/**
 * The calibration that {@link Calibration.save} described, the same to the bit.
 * @throws `artifact_invalid` when something is missing or has the wrong shape.
 */
export function loadCalibration(saved: RouterState): Calibration {
  const state = readState(saved, 'calibration');
  const kind = state.text('kind');
  const given = state.object('report');
  const number = (name: string): number => {
    const value = given[name];
    return typeof value === 'number' ? value : state.refuse(`report has no "${name}"`);
  };
  const report = {
    count: number('count'),
    brierBefore: number('brierBefore'),
    brierAfter: number('brierAfter'),
    eceBefore: number('eceBefore'),
    eceAfter: number('eceAfter'),
  };
  if (kind !== KIND) return state.refuse(`kind "${kind.slice(0, 40)}" is not known`);
  return calibration({ intercept: state.number('intercept'), slope: state.number('slope') }, report);
}
