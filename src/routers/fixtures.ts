import { namedModel as bareModel, type Model } from '../catalog/model.ts';
import { buildQuery } from '../query/build.ts';
import { computeFeatures } from '../query/features.ts';
import type { Features } from './router.ts';
import type { TrainingSet } from './training-set.ts';

/** A model that only has a name, and perhaps a declared quality. */
export function namedModel(id: string, quality?: number): Model {
  return { ...bareModel(id), ...(quality === undefined ? {} : { quality }) };
}

/** All features of one user message; with a vector, where one is given. */
export function textFeatures(text: string, embedding?: Float32Array): Features {
  const query = buildQuery({
    messages: [{ role: 'user', text, images: 0, audio: 0, files: 0 }],
    toolCount: 0,
    toolChars: 0,
    json: false,
    reasoning: false,
    stream: false,
  });
  return computeFeatures(query, ['difficulty', 'ngrams', 'structure'], embedding);
}

/** A set whose rows have vectors: what `embed` gives for their texts. */
export function withVectors(
  set: TrainingSet,
  embed: (text: string, row: number) => Float32Array | undefined,
): TrainingSet {
  return {
    ...set,
    features: set.features.map((features, row) => ({ ...features, embedding: embed(features.query.text, row) })),
  };
}

/** A small training set from rows of text, scores (one per model) and, where it matters, a label. */
export function smallSet(
  models: readonly string[],
  rows: readonly { readonly text: string; readonly scores: readonly number[]; readonly label?: string }[],
): TrainingSet {
  const nothing = new Float64Array(rows.length * models.length).fill(Number.NaN);
  return {
    models,
    ids: rows.map((_, i) => `q${i}`),
    features: rows.map(({ text }) => textFeatures(text)),
    scores: Float64Array.from(rows.flatMap(({ scores }) => scores)),
    labels: rows.map(({ label }) => label ?? ''),
    groups: Int32Array.from(rows, (_, i) => i),
    costs: nothing,
    outputTokens: nothing.slice(),
  };
}

const TOPICS = {
  algebra: ['equation', 'polynomial', 'matrix', 'integral', 'root', 'derivative', 'vector'],
  history: ['empire', 'treaty', 'king', 'revolution', 'war', 'dynasty', 'century'],
} as const;

/**
 * Queries about algebra and history by turns, each from three of seven words: model `a` answers algebra, `h` history,
 * `both` most of either, so that the topic is all there is to learn.
 */
export function twoTopics(n: number): TrainingSet {
  return smallSet(
    ['a', 'both', 'h'],
    Array.from({ length: n }, (_, i) => {
      const label = i % 2 === 0 ? 'algebra' : 'history';
      const word = (k: number) => TOPICS[label][(i * (k + 1) + k * k) % 7] ?? '';
      const text = `Tell me about the ${word(0)} and the ${word(1)} of this ${word(2)}, number ${i}.`;
      return { text, label, scores: [label === 'algebra' ? 1 : 0, i % 5 === 0 ? 0 : 1, label === 'history' ? 1 : 0] };
    }),
  );
}
