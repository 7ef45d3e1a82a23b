import { SignalboxError } from '../../errors.ts';
import { buildQuery } from '../../query/build.ts';
import { computeFeatures } from '../../query/features.ts';
import type { Query, QueryInput } from '../../query/query.ts';
import type { FeatureName, Features } from '../../routers/router.ts';
import type { TrainingSet } from '../../routers/training-set.ts';
import { groupsOf } from './groups.ts';
import type { DatasetRow, RowOutcome } from './row.ts';
import { costOf, modelsOf, summarise, type SetSummary } from './summary.ts';

/** How rows become a training set. */
export interface TrainingSetOptions {
  /** What the routers to fit need; anything else is not computed. */
  readonly needs: readonly FeatureName[];
  /** Only these columns; all of the set's by default. */
  readonly models?: readonly string[];
  /** One per row, from an embedder; an absent one is a query that it failed on. */
  readonly embeddings?: readonly (Float32Array | undefined)[];
  /** Told now and then how far it is, 0..1. */
  readonly progress?: (share: number) => void;
}

const CHARS_PER_TOKEN = 4;
const TELL_EVERY = 256;

/** What routing would see of a live request with this one user message and these tools. */
export function inputOf({ query, tools = [] }: Pick<DatasetRow, 'query' | 'tools'>): QueryInput {
  const definitions = tools.map((name) => ({ type: 'function', function: { name } }));
  return {
    messages: [{ role: 'user', text: query, images: 0, audio: 0, files: 0 }],
    toolCount: tools.length,
    ...(tools.length === 0 ? {} : { toolNames: tools }),
    toolChars: tools.length === 0 ? 0 : JSON.stringify(definitions).length,
    json: false,
    reasoning: false,
    stream: false,
  };
}

/** The query of a row, as {@link inputOf} a live request. */
export function queryOf(row: Pick<DatasetRow, 'query' | 'tools'>): Query {
  return buildQuery(inputOf(row));
}

function outputTokensOf({ outputTokens, outputChars }: RowOutcome): number {
  if (outputTokens !== undefined) return outputTokens;
  return outputChars === undefined ? Number.NaN : Math.ceil(outputChars / CHARS_PER_TOKEN);
}

function columnsOf(rows: readonly DatasetRow[], wanted: readonly string[] | undefined): string[] {
  const known = modelsOf(rows);
  if (wanted === undefined) return known;
  const missing = wanted.find((name) => !known.includes(name));
  if (missing === undefined) return [...new Set(wanted)].sort();
  throw new SignalboxError(
    'invalid_request',
    `no row has an outcome of "${missing}"; the models are ${known.join(', ')}`,
  );
}

/**
 * The rows as routers learn from them: features as for a live request, columns in code unit order of their names. Costs
 * are the source's, else estimated, else NaN; output tokens are counted, else ⌈characters / 4⌉, else NaN.
 * @throws `dataset_invalid` without rows; `invalid_request` for a model that no row has.
 */
export function toTrainingSet(
  rows: readonly DatasetRow[],
  options: TrainingSetOptions,
): { readonly set: TrainingSet; readonly summary: SetSummary } {
  if (rows.length === 0) throw new SignalboxError('dataset_invalid', 'the dataset has no rows');
  const models = columnsOf(rows, options.models);
  const m = models.length;
  const columns = new Map(models.map((name, j) => [name, j]));
  const empty = (): Float64Array => new Float64Array(rows.length * m).fill(Number.NaN);
  const scores = empty();
  const costs = empty();
  const outputTokens = empty();
  const groups = groupsOf(rows);
  const features: Features[] = [];
  for (const [i, row] of rows.entries()) {
    features.push(computeFeatures(queryOf(row), options.needs, options.embeddings?.[i]));
    for (const [model, outcome] of Object.entries(row.outcomes)) {
      const j = columns.get(model);
      if (j === undefined) continue;
      scores[i * m + j] = outcome.score;
      costs[i * m + j] = costOf(outcome);
      outputTokens[i * m + j] = outputTokensOf(outcome);
    }
    if (i % TELL_EVERY === 0) options.progress?.(i / rows.length);
  }
  options.progress?.(1);
  const set: TrainingSet = {
    models,
    ids: rows.map(({ id }) => id),
    features,
    scores,
    labels: rows.map(({ benchmark = '' }) => benchmark),
    groups,
    costs,
    outputTokens,
  };
  return { set, summary: summarise(rows, models, groups) };
}
