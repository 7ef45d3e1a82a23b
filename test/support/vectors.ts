import { createHash } from 'node:crypto';
import type { DatasetRow } from '../../src/training/dataset/row.ts';
import { json, type Behaviour } from '../mock-provider/mock-provider.ts';
import { queryAbout, type Topic } from './topics.ts';

/** Numbers of a vector. */
export const DIM = 12;

/** What a query is about: a topic that its words show, or one of two kinds that only the embedder knows. */
export type Kind = Topic | 'plus' | 'minus';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The `i`-th query of random words whose kind is `plus` or `minus`. */
export function secretQuery(kind: 'plus' | 'minus', i: number): string {
  for (let n = 0; ; n++) {
    const letters = hash(`${i} ${n}`)
      .toString('hex')
      .replaceAll(/\d/g, (digit) => String.fromCodePoint(103 + Number(digit)));
    const text = `${letters.slice(0, 7)} ${letters.slice(7, 12)} ${letters.slice(12, 20)}`;
    if (kindOf(text) === kind) return text;
  }
}

function kindOf(text: string): 'plus' | 'minus' | undefined {
  if (text.startsWith('Tell me')) return undefined;
  return (hash(text)[0] ?? 0) % 2 === 0 ? 'plus' : 'minus';
}

/** A vector that shows the secret kind of a text in its first number and nothing else. */
export function vectorOf(text: string): number[] {
  const noise = [...hash(`noise ${text}`).subarray(0, DIM)].map((byte) => (byte - 128) / 400);
  const kind = kindOf(text);
  return noise.map((value, i) => value + (i === 0 && kind !== undefined ? (kind === 'plus' ? 1 : -1) : 0.2));
}

/** An `/embeddings` endpoint that gives {@link vectorOf}. */
export const embeds: Behaviour = (request, response) => {
  const { input } = JSON.parse(request.body) as { input: string[] };
  const data = input.map((text, index) => ({ index, embedding: vectorOf(text) }));
  return json(JSON.stringify({ data }))(request, response);
};

/** Queries of all four kinds by turns. `big` answers everything, at ten times the price of `small`, which fails on algebra and minus. */
export function secretRows(n: number): DatasetRow[] {
  const kinds: readonly Kind[] = ['algebra', 'plus', 'history', 'minus'];
  return Array.from({ length: n }, (_, i) => {
    const kind = kinds[i % 4] ?? 'plus';
    return {
      id: `row-${i}`,
      dataset: 'secret',
      query: kind === 'plus' || kind === 'minus' ? secretQuery(kind, i) : queryAbout(kind, i),
      outcomes: {
        small: { score: Number(kind === 'history' || kind === 'plus'), outputTokens: 100, costUsd: 0.0001 },
        big: { score: 1, outputTokens: 100, costUsd: 0.001 },
      },
    };
  });
}
