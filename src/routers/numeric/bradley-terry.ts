import { cholesky, choleskySolve } from './dense.ts';

/** Chess's scale for a strength in natural logarithms: 400 points are odds of ten to one. */
export const ELO_PER_LOGIT = 400 / Math.LN10;
/** Where an average player stands on that scale. */
export const ELO_CENTRE = 1000;

/** What the players did against each other. */
export interface Results {
  /** Wins of each of the m players, a draw counting half. */
  readonly wins: Float64Array;
  /** m × m games played by each pair, symmetric; the diagonal is not read. */
  readonly games: Float64Array;
}

/** No step moves a strength by more: Newton's method overshoots far from the top. */
const LONGEST_STEP = 2;

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * Bradley–Terry strengths θ (logits): P(i beats j) = σ(θᵢ − θⱼ) (Bradley and Terry, 1952), the maximum of
 * Σᵢ wᵢ·θᵢ − Σ_{i<j} nᵢⱼ·ln(e^θᵢ + e^θⱼ) by Newton's method, with wᵢ wins and nᵢⱼ games. Each player has also drawn
 * `draws` games against one of strength 0: that pins the scale and keeps a player who never lost finite.
 */
export function fitStrengths(
  { wins, games }: Results,
  options: { readonly draws?: number; readonly start?: Float64Array; readonly maxSteps?: number } = {},
): Float64Array {
  const { draws = 1, start, maxSteps = 50 } = options;
  const m = wins.length;
  const theta = start?.slice() ?? new Float64Array(m);
  const gradient = new Float64Array(m);
  const hessian = new Float64Array(m * m);
  for (let step = 0; step < maxSteps; step++) {
    for (let i = 0; i < m; i++) {
      const p = logistic(theta[i] ?? 0);
      gradient[i] = (wins[i] ?? 0) + draws * (0.5 - p);
      hessian[i * m + i] = draws * p * (1 - p);
    }
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < i; j++) {
        const n = games[i * m + j] ?? 0;
        const p = logistic((theta[i] ?? 0) - (theta[j] ?? 0));
        const h = n * p * (1 - p);
        gradient[i] = (gradient[i] ?? 0) - n * p;
        gradient[j] = (gradient[j] ?? 0) - n * (1 - p);
        hessian[i * m + i] = (hessian[i * m + i] ?? 0) + h;
        hessian[j * m + j] = (hessian[j * m + j] ?? 0) + h;
        hessian[i * m + j] = -h;
        hessian[j * m + i] = -h;
      }
    }
    const move = choleskySolve(cholesky(hessian, m), m, gradient, 1);
    let longest = 0;
    for (const x of move) longest = Math.max(longest, Math.abs(x));
    const scale = longest > LONGEST_STEP ? LONGEST_STEP / longest : 1;
    for (let i = 0; i < m; i++) theta[i] = (theta[i] ?? 0) + scale * (move[i] ?? 0);
    if (longest < 1e-8) break;
  }
  return theta;
}

/** Every pair of recorded scores in a row of n × m scores is a game: the higher one wins, equal ones draw. */
export function resultsOf(scores: Float64Array, m: number): Results {
  const wins = new Float64Array(m);
  const games = new Float64Array(m * m);
  for (let row = 0; row < scores.length; row += m) {
    for (let i = 0; i < m; i++) {
      const a = scores[row + i] ?? Number.NaN;
      if (Number.isNaN(a)) continue;
      for (let j = 0; j < i; j++) {
        const b = scores[row + j] ?? Number.NaN;
        if (Number.isNaN(b)) continue;
        games[i * m + j] = (games[i * m + j] ?? 0) + 1;
        games[j * m + i] = (games[j * m + i] ?? 0) + 1;
        const share = a > b ? 1 : a < b ? 0 : 0.5;
        wins[i] = (wins[i] ?? 0) + share;
        wins[j] = (wins[j] ?? 0) + 1 - share;
      }
    }
  }
  return { wins, games };
}

/** A strength on chess's scale. */
export function eloOf(theta: number): number {
  return ELO_CENTRE + ELO_PER_LOGIT * theta;
}
