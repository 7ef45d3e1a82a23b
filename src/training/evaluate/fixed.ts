import { curveOf } from '../../decide/curve.ts';
import { judgedChoice, type Judged, type TrainedSingles } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import { sweep } from '../../decide/sweep.ts';

/** Each query's model of highest score; ties: the cheaper, then the first. */
function oracleColumns({ models, scores, costs }: Outcomes): Int32Array {
  const m = models.length;
  return Int32Array.from({ length: scores.length / m }, (_, i) => {
    let best = 0;
    for (let j = 1; j < m; j++) {
      const better = (scores[i * m + j] ?? 0) - (scores[i * m + best] ?? 0);
      const cheaper = (costs?.[i * m + j] ?? 0) - (costs?.[i * m + best] ?? 0);
      if (better > 0 || (better === 0 && cheaper < 0)) best = j;
    }
    return best;
  });
}

/** Always the best (or cheapest) model of the training rows. */
export function singleControls(outcomes: Outcomes, singles: TrainedSingles): Judged[] {
  return [judgedChoice('cheapest', outcomes, singles.cheapest), judgedChoice('best-single', outcomes, singles.best)];
}

/** A model drawn at random: its expected score and cost, not a draw. */
export function randomControl(outcomes: Outcomes): Judged {
  const { models, scores, costs } = outcomes;
  const m = models.length;
  const n = scores.length / m;
  const mean = (table: Float64Array | null): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < m; j++) sum += table?.[i * m + j] ?? 0;
      return sum / m;
    });
  const chosen = { score: mean(scores), cost: mean(costs), column: new Int32Array(n).fill(-1) };
  const base = judgedChoice('random', outcomes, new Int32Array(n));
  const priced = costs === null ? null : chosen;
  return {
    ...base,
    curve: { ...base.curve, score: chosen.score, cost: chosen.cost },
    best: new Float64Array(n).fill(Number.NaN),
    strategies: { 'quality-first': chosen, balanced: priced, 'cost-first': priced },
  };
}

/** All single models as the points of one curve: mixing them at random is what a router must beat. */
export function zeroControl(outcomes: Outcomes): Judged {
  const { models, scores, costs } = outcomes;
  const m = models.length;
  const n = scores.length / m;
  const column = (table: Float64Array | null, j: number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => table?.[i * m + j] ?? 0);
  return {
    ...judgedChoice('zero', outcomes, new Int32Array(n)),
    curve: curveOf(
      models.map((_, j) => column(scores, j)),
      models.map((_, j) => column(costs, j)),
    ),
    best: new Float64Array(n).fill(Number.NaN),
    strategies: { 'quality-first': null, balanced: null, 'cost-first': null },
  };
}

/**
 * Who knows every outcome, swept like a router: at λ = 0 each query's best model, ties the cheapest. It also harvests luck
 * that no router could foresee, so it is a ceiling, not a target.
 */
export function oracleControl(outcomes: Outcomes): Judged {
  const { models, scores, costs } = outcomes;
  const best = judgedChoice('oracle', outcomes, oracleColumns(outcomes));
  const known = { quality: scores, stderr: new Float64Array(scores.length), cost: costs };
  return {
    ...best,
    curve: sweep(known, scores, costs, models.length).curve,
    strategies: { 'quality-first': best.strategies['quality-first'], balanced: null, 'cost-first': null },
  };
}
