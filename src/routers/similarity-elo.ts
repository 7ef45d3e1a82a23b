import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import { denseRow, fitDenseInputs, loadDenseInputs, saveDenseInputs, type DenseInputs } from './dense-inputs.ts';
import { fitElo, linked, loadStrengths, saveStrengths, type Strengths } from './elo.ts';
import { battlesOf, tiersOf, weighBattles, type Battles } from './numeric/battles.ts';
import { ELO_PER_LOGIT, eloOf, fitStrengths } from './numeric/bradley-terry.ts';
import { seededRandom, shuffledIndices } from './numeric/random.ts';
import { fitPairLink } from './pair-link.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { readState } from './state-reader.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, takeRows, type FitOptions, type TrainingSet } from './training-set.ts';

/** RouteLLM's number of tiers. */
const TIERS = 10;
/** Most past queries that a request is compared with: more would make decisions slow. */
const MAX_ROWS = 2 ** 13;
/** Training queries on which the reach of a refit is measured, each without its own group. */
const CALIBRATION_ROWS = 400;
/** Newton's method starts at the strengths over all queries, near where it ends. */
const STEPS = 4;

/** No quality is less sure than a coin. */
const WIDEST = 0.5;

interface Learnt {
  readonly strengths: Strengths;
  readonly inputs: DenseInputs;
  /** R × inputs.size, each of length one. */
  readonly vectors: Float32Array;
  readonly ids: readonly string[];
  readonly tierOf: Int32Array;
  readonly battles: Battles;
  /** Strength of each tier over all queries alike. */
  readonly base: Float64Array;
  /** Logits of quality for each logit of strength that a tier gains on a query. */
  readonly reach: number;
}

/** A query's dense row at length one. */
function unitRow(inputs: DenseInputs, features: Features): Float64Array {
  const row = denseRow(inputs, features);
  let square = 0;
  for (const value of row) square += value * value;
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  return row.map((value) => value * scale);
}

/** Cosines of a unit row with every past query's. Four sums at a time: one alone would wait for itself. */
function cosines(vectors: Float32Array, row: Float64Array): Float64Array {
  const d = row.length;
  const out = new Float64Array(vectors.length / Math.max(1, d));
  for (let i = 0; i < out.length; i++) {
    const from = i * d;
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    let k = 0;
    for (; k + 3 < d; k += 4) {
      a += (vectors[from + k] ?? 0) * (row[k] ?? 0);
      b += (vectors[from + k + 1] ?? 0) * (row[k + 1] ?? 0);
      c += (vectors[from + k + 2] ?? 0) * (row[k + 2] ?? 0);
      e += (vectors[from + k + 3] ?? 0) * (row[k + 3] ?? 0);
    }
    for (; k < d; k++) a += (vectors[from + k] ?? 0) * (row[k] ?? 0);
    out[i] = a + b + c + e;
  }
  return out;
}

/** RouteLLM's weights 10 · 10^(sᵢ / max s); all alike where nothing is similar. */
export function similarityWeights(similarities: Float64Array): Float64Array {
  let most = 0;
  for (const s of similarities) if (s > most) most = s;
  const scale = most > 0 ? Math.LN10 / most : 0;
  return similarities.map((s) => 10 * Math.exp(s * scale));
}

/**
 * Standard error of a strength at these weights against the same at equal ones: √(1/n_eff − 1/n) times the two logits to
 * which one query's games fix a strength (the information of a game is at most ¼).
 */
function shiftError(weights: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (const weight of weights) {
    sum += weight;
    squares += weight * weight;
  }
  return sum > 0 ? 2 * Math.sqrt(Math.max(0, squares / (sum * sum) - 1 / weights.length)) : 0;
}

/** How much stronger each tier is where the weights are than over all queries alike, in logits. */
function shifts({ battles, base }: Pick<Learnt, 'battles' | 'base'>, weights: Float64Array): Float64Array {
  const theta = fitStrengths(weighBattles(battles, weights), { draws: 10, start: base, maxSteps: STEPS });
  return theta.map((value, tier) => value - (base[tier] ?? 0));
}

function learn(set: TrainingSet, options: FitOptions): Learnt {
  const m = set.models.length;
  const strengths = fitElo(set);
  const inputs = fitDenseInputs(set.features, { seed: options.seed });
  checkpoint(options, 0.4);
  const random = seededRandom(options.seed);
  const kept = takeRows(set, shuffledIndices(set.ids.length, random).slice(0, MAX_ROWS).sort());
  const vectors = new Float32Array(kept.ids.length * inputs.size);
  for (const [i, features] of kept.features.entries()) vectors.set(unitRow(inputs, features), i * inputs.size);
  checkpoint(options, 0.6);
  const tierOf = tiersOf(strengths.theta, TIERS);
  const battles = battlesOf(kept.scores, kept.ids.length, tierOf);
  const base = fitStrengths(weighBattles(battles, new Float64Array(battles.rows).fill(10)), { draws: 10 });
  // How far shifts move scores is measured on queries whose own group takes no part in the refit.
  const sample = takeRows(kept, shuffledIndices(kept.ids.length, random).slice(0, CALIBRATION_ROWS).sort());
  const moved = new Float64Array(sample.ids.length * m);
  for (const [i, features] of sample.features.entries()) {
    const similar = cosines(vectors, unitRow(inputs, features)).map((s, row) =>
      kept.groups[row] === sample.groups[i] ? Number.NEGATIVE_INFINITY : s,
    );
    const shift = shifts({ battles, base }, similarityWeights(similar));
    for (let c = 0; c < m; c++) moved[i * m + c] = shift[tierOf[c] ?? 0] ?? 0;
    if (i % 64 === 0) checkpoint(options, 0.6 + (0.4 * i) / sample.ids.length);
  }
  const rows = Int32Array.from(sample.ids, (_, i) => i);
  const means = strengths.theta.map((theta) => linked(strengths.link, theta));
  const reach = fitPairLink(moved, new Float64Array(rows.length), sample.scores, means, rows).slope;
  return { strengths, inputs, vectors, ids: kept.ids, tierOf, battles, base, reach };
}

function similarityEloRouter(learnt: Learnt): TrainedRouter {
  const { strengths, inputs, vectors, ids, tierOf, battles, base, reach } = learnt;
  const { models, theta, link, stderr, counts } = strengths;
  const columnOf = columnFinder(models);
  const knows = (column: number): boolean => (counts[column] ?? 0) > 0;
  const run = (features: Features) => {
    const similarities = cosines(vectors, unitRow(inputs, features));
    const weights = similarityWeights(similarities);
    const shift = shifts(learnt, weights);
    const error = reach * shiftError(weights);
    const of = (c: number): number => shift[tierOf[c] ?? 0] ?? 0;
    return {
      similarities,
      shift: of,
      prediction(c: number): Prediction {
        const quality = linked({ intercept: link.intercept + reach * of(c), slope: link.slope }, theta[c] ?? 0);
        return { quality, stderr: Math.min(WIDEST, Math.hypot(stderr[c] ?? 0, quality * (1 - quality) * error)) };
      },
    };
  };
  const nearest = (similarities: Float64Array): string => {
    const order = Array.from(similarities.keys()).sort(
      (a, b) => (similarities[b] ?? 0) - (similarities[a] ?? 0) || a - b,
    );
    const named = order.slice(0, 3).map((i) => `${ids[i]} (${(similarities[i] ?? 0).toFixed(2)})`);
    return `weighs past queries by likeness, most of all ${named.join(', ')}`;
  };
  return {
    name: 'similarity-elo',
    needs: ['ngrams', 'structure'],
    models,
    predict(features, asked) {
      const { prediction } = run(features);
      return asked.map((model) => {
        const c = columnOf(model);
        return knows(c) ? prediction(c) : priorOf(model);
      });
    },
    explain(features, asked) {
      const { similarities, prediction, shift } = run(features);
      const line = (model: Model): string => {
        const c = columnOf(model);
        if (!knows(c)) return `${model.id}: never compared, taken as declared`;
        const here = eloOf((theta[c] ?? 0) + shift(c)).toFixed(0);
        const moved = ELO_PER_LOGIT * shift(c);
        return `${model.id}: Elo ${here} here, ${moved < 0 ? '−' : '+'}${Math.abs(moved).toFixed(0)} against all queries, which is a quality of ${(prediction(c).quality * 100).toFixed(1)} %`;
      };
      return [...(ids.length === 0 ? [] : [nearest(similarities)]), ...asked.map(line)];
    },
    save: () => {
      const saved = saveStrengths(strengths);
      return {
        router: 'similarity-elo',
        meta: { ...saved.meta, ids, reach },
        tensors: {
          ...saved.tensors,
          ...saveDenseInputs(inputs),
          vectors,
          tierOf,
          base,
          wins: battles.wins,
          pattern: battles.pattern,
          games: battles.games,
        },
      };
    },
  };
}

/**
 * RouteLLM's `sw_ranking` (Ong et al., 2024): at each request Bradley–Terry is fitted anew to all past comparisons, each
 * weighing 10 · 10^(s / max s) by the cosine s of its query with this one, on at most ten tiers of models of like
 * strength. Wins and games of every past query are counted beforehand, so that a refit is one weighted sum and a few
 * Newton steps.
 *
 * A model keeps its distance to its tier. Quality is that of {@link elo}, moved on the logit scale by `reach` times the
 * tier's gain in strength; `reach` is fitted on training queries that take no part in their own refit, because weights
 * of one to ten are far flatter than likeness would deserve.
 */
export const similarityElo: Trainable = {
  name: 'similarity-elo',
  fit(rows, options) {
    checkpoint(options, 0);
    return similarityEloRouter(learn(inNameOrder(rows), options));
  },
  load(state) {
    const read = readState(state, 'similarity-elo');
    const strengths = loadStrengths(read);
    const inputs = loadDenseInputs(read);
    const ids = read.names('ids');
    const base = read.float64('base');
    const tiers = base.length;
    return similarityEloRouter({
      strengths,
      inputs,
      vectors: read.float32('vectors', ids.length * inputs.size),
      ids,
      tierOf: read.int32('tierOf', strengths.models.length),
      battles: {
        rows: ids.length,
        tiers,
        wins: read.float32('wins', ids.length * tiers),
        pattern: read.int32('pattern', ids.length),
        games: read.float32('games'),
      },
      base,
      reach: read.number('reach'),
    });
  },
};
