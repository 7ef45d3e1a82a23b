import type { Calibration } from '../routers/calibration.ts';
import { MAX_SAMPLE, type Artifact, type OutOfFoldSample } from '../routers/artifact.ts';
import { fitCost, type CostModel } from '../routers/cost.ts';
import { seededRandom, shuffledIndices } from '../routers/numeric/random.ts';
import type { FeatureName } from '../routers/router.ts';
import type { Trainable } from '../routers/trained.ts';
import type { FitOptions, TrainingSet } from '../routers/training-set.ts';
import type { DatasetRow } from './dataset/row.ts';
import type { RowVectors } from './dataset/row-vectors.ts';
import type { SetSummary } from './dataset/summary.ts';
import { toTrainingSet } from './dataset/training-set.ts';
import { strategyPromises } from './promises.ts';
import { thinWarnings } from './thin.ts';
import { calibrateFit, INNER_FOLDS, unseenPredictions } from './evaluate/unseen.ts';

/** What a training does, in order. */
export type TrainStage = 'reading' | 'vectors' | 'features' | 'fitting' | 'predicting unseen rows' | 'costs';

export interface TrainOptions extends Pick<FitOptions, 'seed' | 'cancelled'> {
  /** Told now and then how far a stage is, 0..1. */
  readonly progress?: (stage: TrainStage, share: number) => void;
  /** Dense vectors of the rows, for routers that learn from them. */
  readonly vectors?: RowVectors | undefined;
}

/** All that routers may learn from. */
const NEEDS: readonly FeatureName[] = ['difficulty', 'ngrams', 'structure'];
/** Fewer different queries than this cannot be split: then no row is predicted by a fit that has not seen it. */
const LEAST_QUERIES = 2 * INNER_FOLDS;

const rounded = (value: number): number => Number(value.toPrecision(5));

/** At most {@link MAX_SAMPLE} rows, drawn with the seed. Lengths and costs are those of the model fitted on all rows. */
function sampleOf(
  set: TrainingSet,
  quality: Float64Array,
  costs: CostModel | undefined,
  seed: number,
): OutOfFoldSample {
  const m = set.models.length;
  const chosen = shuffledIndices(set.ids.length, seededRandom(seed)).slice(0, MAX_SAMPLE).sort();
  const wide = (): Float32Array => new Float32Array(chosen.length * m).fill(Number.NaN);
  const sample: OutOfFoldSample = {
    rows: chosen.length,
    quality: wide(),
    score: wide(),
    expectedCost: wide(),
    cost: wide(),
    inputTokens: new Float32Array(chosen.length),
    outputTokens: wide(),
  };
  for (const [to, from] of chosen.entries()) {
    const features = set.features[from];
    if (features === undefined) continue;
    const rowOf = (table: Float64Array) => table.subarray(from * m, (from + 1) * m);
    sample.quality.set(
      rowOf(quality).map((q) => (q > 0 ? Math.min(1, q) : 0)),
      to * m,
    );
    sample.score.set(rowOf(set.scores), to * m);
    sample.cost.set(rowOf(set.costs), to * m);
    sample.inputTokens[to] = features.query.inputTokens;
    if (costs === undefined) continue;
    sample.expectedCost.set(costs.costs(features), to * m);
    sample.outputTokens.set(costs.outputTokens(features), to * m);
  }
  return sample;
}

function metricsOf(
  set: TrainingSet,
  { groups, bestSingle, oracle }: SetSummary,
  calibration: Calibration | undefined,
  sample: OutOfFoldSample | undefined,
  seed: number,
): Artifact['metrics'] {
  const report = calibration?.report;
  return {
    queries: groups,
    bestSingle:
      bestSingle === null
        ? null
        : {
            model: bestSingle.name,
            quality: rounded(bestSingle.quality),
            cost: bestSingle.costUsd === null ? null : rounded(bestSingle.costUsd),
          },
    oracle: Number.isNaN(oracle) ? null : rounded(oracle),
    ece: report === undefined ? null : rounded(report.eceAfter),
    calibration:
      calibration === undefined || report === undefined
        ? null
        : {
            kind: calibration.kind,
            ece: { before: rounded(report.eceBefore), after: rounded(report.eceAfter) },
            brier: { before: rounded(report.brierBefore), after: rounded(report.brierAfter) },
          },
    strategies: sample === undefined ? {} : strategyPromises(set.models, sample, seed),
  };
}

/**
 * Fits a router and the cost model on rows, and makes an artifact of them. Rows predicted by fits that had not seen them
 * ({@link unseenPredictions}) calibrate the router, and a sample of them, calibrated, is kept. The same rows, vectors and
 * seed give the same artifact, to the bit.
 * @throws `dataset_invalid` without rows; FitCancelled when `cancelled` said so.
 */
export function trainArtifact(
  rows: readonly DatasetRow[],
  trainable: Trainable,
  { seed, cancelled, progress, vectors }: TrainOptions,
): { readonly artifact: Artifact; readonly summary: SetSummary } {
  const during = (stage: TrainStage): FitOptions => ({
    seed,
    ...(cancelled === undefined ? {} : { cancelled }),
    ...(progress === undefined ? {} : { progress: (share) => progress(stage, share) }),
  });
  const { set, summary } = toTrainingSet(rows, {
    needs: NEEDS,
    ...(vectors === undefined ? {} : { embeddings: vectors.embeddings }),
    ...during('features'),
  });
  const router = trainable.fit(set, during('fitting'));
  const unseen =
    summary.groups < LEAST_QUERIES
      ? undefined
      : unseenPredictions(router, trainable, set, during('predicting unseen rows'));
  const calibrated = unseen === undefined ? undefined : calibrateFit(router, unseen, set, { seed });
  const priced = [set.costs, set.outputTokens].some((table) => table.some((value) => Number.isFinite(value)));
  const costs = priced ? fitCost(set, during('costs')) : undefined;
  const sample = calibrated === undefined ? undefined : sampleOf(set, calibrated.unseen, costs, seed);
  const artifact: Artifact = {
    router: router.save(),
    models: set.models,
    trainedOn: { hash: summary.hash, rows: rows.length },
    metrics: { seed, ...metricsOf(set, summary, calibrated?.calibration, sample, seed) },
    ...(sample === undefined ? {} : { sample }),
    ...(calibrated === undefined ? {} : { calibration: calibrated.calibration.save() }),
    ...(costs === undefined ? {} : { costs: costs.save() }),
    // A router that uses none must not ask for an embedder.
    ...(vectors !== undefined && router.needs.includes('embedding') ? { embedder: vectors.space } : {}),
  };
  return { artifact, summary: { ...summary, warnings: [...summary.warnings, ...thinWarnings(set)] } };
}
