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

/** What a character is to {@link hashText}. */
const OTHER = 0;
const LETTER = 1;
const SPACE = 2;
const IDEOGRAPH = 3;
const kindOf = (code: number): number =>
  isSpace(code) ? SPACE : isCjk(code) ? IDEOGRAPH : isLetter(code) ? LETTER : OTHER;
const LATIN = Uint8Array.from({ length: 256 }, (_, code) => kindOf(code));

/** Writes the hashes of a text's n-grams into `out`, which has room for 4 · (length + 1), and returns how many there are. */
function hashText(text: string, out: Int32Array): number {
  let size = 0;
  let c1 = 0x20;
  let c2 = 0x20;
  let c3 = 0x20;
  let word = WORDS;
  let before = 0;
  let inWord = false;
  for (let i = 0; i <= text.length; i++) {
    const raw = i < text.length ? text.charCodeAt(i) : 0x20;
    const kind = raw < 256 ? (LATIN[raw] ?? OTHER) : kindOf(raw);
    const code = kind === SPACE ? 0x20 : raw;
    if (inWord && kind !== LETTER) {
      out[size++] = word;
      if (before !== 0) out[size++] = pair(before, word);
      before = word;
      word = WORDS;
      inWord = false;
    }
    if (kind === LETTER) {
      word = lengthen(word, code);
      inWord = true;
    } else if (kind === IDEOGRAPH) {
      const ideograph = lengthen(WORDS, code);
      out[size++] = ideograph;
      if (before !== 0) out[size++] = pair(before, ideograph);
      before = ideograph;
    }
    if (code === 0x20 && c1 === 0x20) continue;
    const three = Math.imul(Math.imul(Math.imul(CHARS ^ c2, PRIME) ^ c1, PRIME) ^ code, PRIME);
    out[size++] = three;
    out[size++] = Math.imul(three ^ (c3 + 0x10000), PRIME);
    c3 = c2;
    c2 = c1;
    c1 = code;
  }
  return size;
}

/** Occurrences of every bucket: one table for all texts, which the work, being synchronous, leaves empty. */
const table = new Uint16Array(NGRAM_BUCKETS);
let hashes = new Int32Array(8192);
let touched = new Int32Array(8192);

/** Buckets of the first `size` hashes with their counts. Without a branch on what was seen before: it cannot be foretold. */
function countHashes(size: number): NgramCounts {
  let distinct = 0;
  for (let i = 0; i < size; i++) {
    const bucket = bucketOf(hashes[i] ?? 0);
    const count = table[bucket] ?? 0;
    touched[distinct] = bucket;
    // 1 when the count was 0.
    distinct += (count - 1) >>> 31;
    if (count !== MAX_COUNT) table[bucket] = count + 1;
  }
  const buckets = touched.slice(0, distinct);
  const counts = new Uint16Array(distinct);
  for (let i = 0; i < distinct; i++) {
    const bucket = buckets[i] ?? 0;
    counts[i] = table[bucket] ?? 0;
    table[bucket] = 0;
  }
  return { buckets, counts };
}

/**
 * Hashed word 1–2-grams and character 3–4-grams of a text in lower case, white space folded; each Chinese, Japanese or
 * Korean character is a word. Linear in the text. Feature hashing: Weinberger et al., ICML 2009.
 */
export function ngramsOf(text: string): NgramCounts {
  const lower = text.toLowerCase();
  const most = 4 * (lower.length + 1);
  if (hashes.length < most) {
    hashes = new Int32Array(most);
    touched = new Int32Array(most);
  }
  return countHashes(hashText(lower, hashes));
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
