import { TRAINABLES } from '../../src/routers/trainables.ts';
import { writeArtifact } from '../../src/training/artifact-file.ts';
import type { DatasetRow } from '../../src/training/dataset/row.ts';
import { trainArtifact } from '../../src/training/train.ts';

const WORDS = {
  algebra: ['equation', 'polynomial', 'matrix', 'integral', 'root', 'derivative', 'vector'],
  history: ['empire', 'treaty', 'king', 'revolution', 'war', 'dynasty', 'century'],
} as const;

export type Topic = keyof typeof WORDS;
export const TOPICS: readonly Topic[] = ['algebra', 'history'];

/** A query about a topic; no two of the first 200 are the same. */
export function queryAbout(topic: Topic, i: number): string {
  const word = (k: number) => WORDS[topic][(i * (k + 1) + k * k) % 7] ?? '';
  return `Tell me about the ${word(0)} and the ${word(1)} of this ${word(2)}, number ${i}.`;
}

/**
 * Rows about two topics by turns. `big` answers everything, at ten times the price of `small`, which answers `good` only.
 * Answers about algebra are a little longer.
 */
export function topicRows(n: number, good: Topic = 'history'): DatasetRow[] {
  return Array.from({ length: n }, (_, i) => {
    const topic: Topic = i % 2 === 0 ? 'algebra' : 'history';
    const outputTokens = topic === 'algebra' ? 120 + (i % 7) : 100 + (i % 7);
    return {
      id: `row-${i}`,
      dataset: 'topics',
      benchmark: topic,
      query: queryAbout(topic, i),
      outcomes: {
        small: { score: topic === good ? 1 : 0, outputTokens, costUsd: outputTokens * 2e-6 },
        big: { score: 1, outputTokens, costUsd: outputTokens * 2e-5 },
      },
    };
  });
}

/** Trains on rows and writes the artifact; gives its version. */
export function writeTopicArtifact(path: string, rows = topicRows(120), router = 'ridge'): Promise<string> {
  const trainable = TRAINABLES.find(({ name }) => name === router);
  if (trainable === undefined) throw new Error(`no router ${router}`);
  return writeArtifact(path, trainArtifact(rows, trainable, { seed: 7 }).artifact);
}
