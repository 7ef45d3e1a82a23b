import { openaiChat } from '../../src/protocol/openai-chat/codec.ts';
import { buildQuery } from '../../src/query/build.ts';
import { computeFeatures } from '../../src/query/features.ts';
import type { Query } from '../../src/query/query.ts';
import { gaussian, seededRandom } from '../../src/routers/numeric/random.ts';
import { sigmoid } from '../../src/routers/numeric/sigmoid.ts';
import type { TrainingSet } from '../../src/routers/training-set.ts';

/** Columns of the generated scores. */
export const MODELS: readonly string[] = Array.from({ length: 11 }, (_, c) => `model-${String.fromCharCode(97 + c)}`);

type Random = () => number;

const WORDS = 24_000;
const TOPICS = 16;
/** Words that belong to each topic. */
const TOPIC_WORDS = 700;
/** Share of words that stood in the text before. */
const REPEATED = 0.12;
const ONSETS = 'b c d f l m n p r s t v st tr ch th pr'.split(' ');
const VOWELS = 'a e i o u e a i ea'.split(' ');
const ENDINGS = ['', '', '', 'n', 'r', 's', 't', 'l', 'nd', 'ing', 'tion', 'ed', 'er', 'ly', 'al', 's'];

function pick<T>(list: readonly T[], random: Random, fallback: T): T {
  return list[Math.floor(random() * list.length)] ?? fallback;
}

/** Words as they could be, the frequent ones short. */
function vocabulary(random: Random): string[] {
  return Array.from({ length: WORDS }, (_, rank) => {
    const syllables = 1 + Math.floor(random() * (rank < 200 ? 1.2 : 2.6));
    let word = '';
    for (let s = 0; s < syllables; s++) word += pick(ONSETS, random, '') + pick(VOWELS, random, 'a');
    return word + pick(ENDINGS, random, '');
  });
}

/** A rank below `size` with probability about 1 / rank (Zipf, 1935). */
const zipf = (size: number, random: Random): number => Math.floor(Math.exp(random() * Math.log(size + 1))) - 1;

/** Texts about topics, and how hard their words are. */
export interface TextSource {
  /** A text of `words` words about a topic. */
  text(topic: number, words: number, random: Random): string;
  /** Mean hidden weight of the words of a text. */
  hardness(text: string): number;
}

/** The same seed gives the same language. */
export function textSource(seed: number): TextSource {
  const random = seededRandom(seed);
  const words = vocabulary(random);
  const own = Array.from({ length: TOPICS }, () =>
    Array.from({ length: TOPIC_WORDS }, () => 200 + Math.floor(random() * (WORDS - 200))),
  );
  const weights = new Map(words.map((word) => [word, gaussian(random)]));
  return {
    text(topic, count, random) {
      const parts: string[] = [];
      for (let i = 0; i < count; i++) {
        const themed = random() < 0.3;
        const rank = themed ? (own[topic]?.[zipf(TOPIC_WORDS, random)] ?? 0) : zipf(WORDS, random);
        const fresh = random() < 0.02 ? String(Math.floor(random() * 1000)) : (words[rank] ?? '');
        const word = random() < REPEATED ? pick(parts, random, fresh) : fresh;
        const mark = random();
        parts.push(mark < 0.06 ? `${word}.` : mark < 0.11 ? `${word},` : word);
      }
      const text = parts.join(' ');
      if (topic % 4 === 0) return `${text}\nA. ${words[topic] ?? ''}\nB. ${words[topic + 9] ?? ''}\nAnswer:`;
      return topic % 4 === 1 ? `${text} = ${topic} + 7?` : `${text}?`;
    },
    hardness(text) {
      const found = text.split(' ').flatMap((word) => weights.get(word) ?? []);
      return found.reduce((sum, weight) => sum + weight, 0) / Math.sqrt(Math.max(1, found.length));
    },
  };
}

/** The query of a chat request with one user turn. */
export function queryOf(text: string): Query {
  return buildQuery(openaiChat.view({ model: 'auto', messages: [{ role: 'user', content: text }] }));
}

/** Words of a generated query: 60 to 120. */
const lengthOf = (random: Random): number => 60 + Math.floor(random() * 61);

/**
 * `n` generated queries with a score of 0 or 1 for each of {@link MODELS}: models differ in skill, in how they like a
 * topic, and hard words hurt the weak ones most. Made by code, so that everybody measures the same.
 */
export function generatedRows(n: number, seed = 7): TrainingSet {
  const source = textSource(seed);
  const random = seededRandom(seed + 1);
  const m = MODELS.length;
  const tastes = Float64Array.from({ length: TOPICS * m }, () => 0.7 * gaussian(random));
  const scores = new Float64Array(n * m);
  const costs = new Float64Array(n * m);
  const outputTokens = new Float64Array(n * m);
  const labels: string[] = [];
  const features = Array.from({ length: n }, (_, i) => {
    const topic = Math.floor(random() * TOPICS);
    const text = source.text(topic, lengthOf(random), random);
    labels.push(`topic-${topic}`);
    const hardness = 0.8 * source.hardness(text) + 0.5 * gaussian(random);
    for (let c = 0; c < m; c++) {
      const logit = -0.5 + 0.25 * c + (tastes[topic * m + c] ?? 0) - hardness * (1.5 - 0.08 * c);
      const tokens = Math.round(Math.exp(5 + 0.6 * gaussian(random)));
      scores[i * m + c] = random() < sigmoid(logit) ? 1 : 0;
      outputTokens[i * m + c] = tokens;
      costs[i * m + c] = (tokens * 2 ** c) / 1e7;
    }
    return computeFeatures(queryOf(text), ['ngrams', 'structure', 'difficulty']);
  });
  return {
    models: MODELS,
    ids: features.map((_, i) => `row-${i}`),
    features,
    scores,
    labels,
    groups: Int32Array.from(features.keys()),
    costs,
    outputTokens,
  };
}
