import type { NgramCounts } from '../routers/router.ts';

/** Number of buckets that n-grams are hashed into. */
export const NGRAM_BUCKETS = 2 ** 18;

const MASK = NGRAM_BUCKETS - 1;
const MAX_COUNT = 65_535;
/** The hash of nothing (FNV-1a's offset basis), other for words so that they do not meet character n-grams. */
const CHARS = 0x811c9dc5;
const WORDS = 0x2f0b4c47;
const PRIME = 0x01000193;

/** Spreads the bits of a hash over the low ones (the finaliser of MurmurHash3, public domain by A. Appleby). */
function bucketOf(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return h & MASK;
}

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0;
const isCjk = (code: number): boolean => code >= 0x2e80 && code <= 0xd7af;
const isLetter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f || code >= 0xc0;

/** The hash of a word with one more character. */
const lengthen = (word: number, code: number): number => Math.imul(word ^ code, PRIME);
/** The hash of two words in a row. */
const pair = (before: number, word: number): number => Math.imul(before ^ word, PRIME) + 1;

/** Counts in a table of all buckets, so that no n-gram is looked up twice; emptied after each text. */
function createCounter() {
  const table = new Uint16Array(NGRAM_BUCKETS);
  let touched = new Int32Array(4096);
  let size = 0;
  return {
    add(hash: number): void {
      const bucket = bucketOf(hash);
      const count = table[bucket] ?? 0;
      if (count === MAX_COUNT) return;
      table[bucket] = count + 1;
      if (count > 0) return;
      if (size === touched.length) {
        const larger = new Int32Array(size * 2);
        larger.set(touched);
        touched = larger;
      }
      touched[size++] = bucket;
    },
    take(): NgramCounts {
      const buckets = touched.slice(0, size);
      const counts = new Uint16Array(size);
      for (let i = 0; i < size; i++) {
        const bucket = buckets[i] ?? 0;
        counts[i] = table[bucket] ?? 0;
        table[bucket] = 0;
      }
      size = 0;
      return { buckets, counts };
    },
  };
}

/** One table for all texts: the work is synchronous and leaves it empty. */
const counter = createCounter();

/**
 * Hashed word 1–2-grams and character 3–4-grams of a text in lower case, white space folded; each Chinese, Japanese or
 * Korean character is a word. Linear in the text. Feature hashing: Weinberger et al., ICML 2009.
 */
export function ngramsOf(text: string): NgramCounts {
  const lower = text.toLowerCase();
  let c1 = 0x20;
  let c2 = 0x20;
  let c3 = 0x20;
  let word = WORDS;
  let before = 0;
  let inWord = false;
  const endWord = () => {
    counter.add(word);
    if (before !== 0) counter.add(pair(before, word));
    before = word;
    word = WORDS;
    inWord = false;
  };
  for (let i = 0; i <= lower.length; i++) {
    const raw = i < lower.length ? lower.charCodeAt(i) : 0x20;
    const code = isSpace(raw) ? 0x20 : raw;
    if (inWord && (!isLetter(code) || isCjk(code))) endWord();
    if (isLetter(code)) {
      word = lengthen(word, code);
      inWord = true;
      if (isCjk(code)) endWord();
    }
    if (code === 0x20 && c1 === 0x20) continue;
    const three = Math.imul(Math.imul(Math.imul(CHARS ^ c2, PRIME) ^ c1, PRIME) ^ code, PRIME);
    counter.add(three);
    counter.add(Math.imul(three ^ (c3 + 0x10000), PRIME));
    c3 = c2;
    c2 = c1;
    c1 = code;
  }
  return counter.take();
}

/** One or two words of a text as they are written in it, in lower case, and their bucket. */
export interface WordBucket {
  readonly words: string;
  readonly bucket: number;
}

/**
 * The words and pairs of words of a text with the buckets that {@link ngramsOf} counts them in, in order, each once: with
 * them a weight of a bucket can be told in words. Two of them may share a bucket.
 */
export function wordBuckets(text: string): WordBucket[] {
  const lower = text.toLowerCase();
  const found = new Map<string, number>();
  const add = (words: string, hash: number) => {
    if (!found.has(words)) found.set(words, bucketOf(hash));
  };
  let before = { text: '', hash: 0 };
  let start = -1;
  let hash = WORDS;
  for (let i = 0; i <= lower.length; i++) {
    const code = i < lower.length ? lower.charCodeAt(i) : 0x20;
    if (start !== -1 && (!isLetter(code) || isCjk(code) || isCjk(lower.charCodeAt(start)))) {
      const word = lower.slice(start, i);
      add(word, hash);
      if (before.hash !== 0) add(`${before.text} ${word}`, pair(before.hash, hash));
      before = { text: word, hash };
      start = -1;
      hash = WORDS;
    }
    if (!isLetter(code)) continue;
    if (start === -1) start = i;
    hash = lengthen(hash, code);
  }
  return Array.from(found, ([words, bucket]) => ({ words, bucket }));
}
