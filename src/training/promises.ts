import { lambdaFor, type LambdaSample } from '../decide/lambda.ts';
import { KEEPS } from '../decide/strategy.ts';
import type { OutOfFoldSample } from '../routers/artifact.ts';
import { seededRandom, shuffledIndices } from '../routers/numeric/random.ts';
import type { Json } from '../routers/trained.ts';

const rounded = (value: number): number => Number(value.toPrecision(5));
/** Of a normal distribution. */
const Z95 = 1.96;

/** Sums over judged rows. */
interface Judged {
  rows: number;
  quality: number;
  cost: number;
  reference: number;
  referenceCost: number;
  /** Σ and Σ² of what a choice scored above the reference. */
  above: number;
  aboveSquares: number;
  met: boolean;
}

function nothingJudged(): Judged {
  return { rows: 0, quality: 0, cost: 0, reference: 0, referenceCost: 0, above: 0, aboveSquares: 0, met: true };
}

/** The rows of a sample where everything is recorded for `columns`, in two halves drawn with the seed. */
function halvesOf(sample: LambdaSample, columns: readonly number[], seed: number): [LambdaSample, LambdaSample] {
  const m = sample.models.length;
  const tables = [sample.quality, sample.score, sample.cost];
  const complete: number[] = [];
  for (let at = 0; at + m <= sample.score.length; at += m) {
    if (tables.every((table) => columns.every((c) => Number.isFinite(table[at + c])))) complete.push(at);
  }
  const drawn = Array.from(shuffledIndices(complete.length, seededRandom(seed)), (i) => complete[i] ?? 0);
  const half = (rows: readonly number[]): LambdaSample => {
    const pick = (table: LambdaSample['quality']) =>
      Float64Array.from(rows.flatMap((at) => columns.map((c) => table[at + c] ?? Number.NaN)));
    return {
      models: columns.map((c) => sample.models[c] ?? ''),
      quality: pick(sample.quality),
      score: pick(sample.score),
      cost: pick(sample.cost),
    };
  };
  const middle = Math.ceil(drawn.length / 2);
  return [half(drawn.slice(0, middle)), half(drawn.slice(middle))];
}

/** argmax q̂ − λ·ĉ of the row at `at`; ties: the cheaper. */
function chosenAt({ models, quality, cost }: LambdaSample, at: number, lambda: number): number {
  let [best, bestValue] = [at, Number.NEGATIVE_INFINITY];
  for (let j = at; j < at + models.length; j++) {
    const [q, c] = [quality[j] ?? 0, cost[j] ?? 0];
    const value = lambda === Number.POSITIVE_INFINITY ? -c : q - lambda * c;
    if (value < bestValue || (value === bestValue && c >= (cost[best] ?? 0))) continue;
    [best, bestValue] = [j, value];
  }
  return best;
}

/** Judges on one half what the other half chose: its λ, or the reference itself where no λ kept the promise there. */
function judge(judged: Judged, train: LambdaSample, test: LambdaSample, keep: number, reference: string): void {
  const found = lambdaFor(train, train.models, keep, reference);
  const of = test.models.indexOf(reference);
  if (found === undefined || of === -1) return;
  judged.met &&= found.met;
  const m = test.models.length;
  for (let at = 0; at < test.score.length; at += m) {
    const chosen = found.met ? chosenAt(test, at, found.lambda) : at + of;
    const [score, base] = [test.score[chosen] ?? 0, test.score[at + of] ?? 0];
    judged.rows++;
    judged.quality += score;
    judged.cost += test.cost[chosen] ?? 0;
    judged.reference += base;
    judged.referenceCost += test.cost[at + of] ?? 0;
    judged.above += score - base;
    judged.aboveSquares += (score - base) ** 2;
  }
}

function told(reference: string, judged: Judged): Json {
  const { rows, quality, cost, referenceCost, above, aboveSquares, met } = judged;
  const mean = judged.reference / rows;
  const variance = Math.max(0, aboveSquares / rows - (above / rows) ** 2);
  const half = (Z95 * Math.sqrt(variance / rows)) / mean;
  const share = quality / judged.reference;
  return {
    of: reference,
    quality: rounded(quality / rows),
    qualityShare: rounded(share),
    qualityShareCi: [rounded(share - half), rounded(share + half)],
    expectedCost: rounded(cost / rows),
    expectedCostShare: referenceCost > 0 ? rounded(cost / referenceCost) : null,
    rows,
    met,
  };
}

function meanOf(table: LambdaSample['score'], column: number, m: number): number {
  let [sum, n] = [0, 0];
  for (let at = column; at < table.length; at += m, n++) sum += table[at] ?? 0;
  return sum / n;
}

/**
 * What `balanced` and `cost-first` keep of the best single model's quality and cost: λ is chosen on half of
 * the sample and judged on the other, and the other way round, since a λ looks better than it is on the rows that chose
 * it. Intervals: ± 1.96 standard errors of the paired difference. Empty where the sample says too little.
 */
export function strategyPromises(
  models: readonly string[],
  sample: OutOfFoldSample,
  seed: number,
): { readonly [name: string]: Json } {
  const table = { models, quality: sample.quality, score: sample.score, cost: sample.expectedCost };
  const columns = models.flatMap((_, j) => (Number.isFinite(sample.expectedCost[j]) ? [j] : []));
  const [first, second] = halvesOf(table, columns, seed);
  const m = columns.length;
  if (m === 0 || second.score.length === 0) return {};
  const means = first.models.map((_, j) => meanOf(first.score, j, m) + meanOf(second.score, j, m));
  const reference = first.models[means.indexOf(Math.max(...means))] ?? '';
  const keeping = (keep: number): Json => {
    const judged = nothingJudged();
    judge(judged, first, second, keep, reference);
    judge(judged, second, first, keep, reference);
    return judged.rows === 0 || judged.reference === 0 ? null : told(reference, judged);
  };
  return { balanced: keeping(KEEPS.balanced), 'cost-first': keeping(KEEPS['cost-first']) };
}
