import type { NgramCounts } from '../routers/router.ts';
import { NGRAM_BUCKETS } from './ngrams.ts';

/** N-grams of one query that are packed at most: those that occur most often, of the rest those of the lowest buckets. */
export const MOST_PACKED = 2048;

const BUCKET_BITS = 18;
const COUNT_BITS = 13;
/** Higher counts are told as this one. */
const MOST_COUNT = 2 ** COUNT_BITS - 1;

let scratch = new Int32Array(8192);

/** N-grams as numbers with the bucket before the count, ascending; in a buffer that the next call writes over. */
function sorted({ buckets, counts }: NgramCounts): Int32Array {
  const size = buckets.length;
  if (scratch.length < size) scratch = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    scratch[i] = ((buckets[i] ?? 0) << COUNT_BITS) | Math.min(MOST_COUNT, counts[i] ?? 0);
  }
  return scratch.subarray(0, size).sort();
}

/** The most frequent of them. Which of equals stay depends on their buckets alone: the same ones in every query. */
function mostFrequent(all: Int32Array): Int32Array {
  return all
    .map((each) => ((MOST_COUNT - (each & MOST_COUNT)) << BUCKET_BITS) | (each >>> COUNT_BITS))
    .sort()
    .subarray(0, MOST_PACKED)
    .map((each) => ((each & (NGRAM_BUCKETS - 1)) << COUNT_BITS) | (MOST_COUNT - (each >>> BUCKET_BITS)))
    .sort();
}

/** Writes numbers of up to 24 bits each, the high bits first. */
function createBits(room: number) {
  const bytes = new Uint8Array(room);
  let size = 0;
  let held = 0;
  let waiting = 0;
  const write = (value: number, bits: number): void => {
    held = (held << bits) | value;
    waiting += bits;
    while (waiting >= 8) {
      waiting -= 8;
      bytes[size++] = held >>> waiting;
    }
  };
  return {
    write,
    /** As many ones, then a zero. */
    unary(value: number): void {
      let rest = value;
      for (; rest > 23; rest -= 23) write(0x7fffff, 23);
      write((1 << (rest + 1)) - 2, rest + 1);
    },
    /** All of it; what is left of the last byte is ones. */
    end(): Uint8Array {
      if (waiting > 0) write((1 << (8 - waiting)) - 1, 8 - waiting);
      return bytes.slice(0, size);
    },
  };
}

/**
 * N-grams in some 10 bits each: the distances between ascending buckets as Rice codes (Golomb, 1966; Rice, 1979), whose
 * parameter is the first byte, each followed by its count as an Elias gamma code (Elias, 1975). Counts above 8191 are 8191.
 */
export function packNgrams(ngrams: NgramCounts): Uint8Array {
  const all = sorted(ngrams);
  const kept = all.length > MOST_PACKED ? mostFrequent(all) : all;
  const rice = Math.max(0, Math.floor(Math.log2((Math.LN2 * NGRAM_BUCKETS) / Math.max(1, kept.length))));
  // The quotients come to what the buckets leave room for; each n-gram has a zero, its low bits, and its count.
  const bits = createBits(2 + Math.ceil(((NGRAM_BUCKETS >>> rice) + kept.length * (rice + 2 * COUNT_BITS + 2)) / 8));
  bits.write(rice, 8);
  let next = 0;
  for (const each of kept) {
    const bucket = each >>> COUNT_BITS;
    const distance = bucket - next;
    const count = Math.max(1, each & MOST_COUNT);
    const length = 31 - Math.clz32(count);
    bits.unary(distance >>> rice);
    bits.write(distance & ((1 << rice) - 1), rice);
    bits.unary(length);
    bits.write(count & ((1 << length) - 1), length);
    next = bucket + 1;
  }
  return bits.end();
}

/** Reads what {@link createBits} wrote; -1 where it ends. */
function readBits(bytes: Uint8Array) {
  let at = 0;
  const bit = (): number => {
    const byte = bytes[at >>> 3];
    return byte === undefined ? -1 : (byte >>> (7 - (at++ & 7))) & 1;
  };
  return {
    read(bits: number): number {
      let value = 0;
      for (let i = 0; i < bits; i++) {
        const next = bit();
        if (next === -1) return -1;
        value = (value << 1) | next;
      }
      return value;
    },
    unary(): number {
      for (let ones = 0; ; ones++) {
        const next = bit();
        if (next === 0) return ones;
        if (next === -1) return -1;
      }
    },
  };
}

/** The n-grams that {@link packNgrams} packed, by bucket; undefined for bytes that it did not make. */
export function unpackNgrams(bytes: Uint8Array): NgramCounts | undefined {
  const bits = readBits(bytes);
  const rice = bits.read(8);
  if (rice < 0 || rice > BUCKET_BITS) return undefined;
  const buckets: number[] = [];
  const counts: number[] = [];
  for (let next = 0; ;) {
    const quotient = bits.unary();
    if (quotient === -1) return { buckets: Int32Array.from(buckets), counts: Uint16Array.from(counts) };
    const low = bits.read(rice);
    const bucket = next + quotient * 2 ** rice + low;
    const length = bits.unary();
    if (low === -1 || bucket >= NGRAM_BUCKETS || length === -1 || length >= COUNT_BITS) return undefined;
    const rest = bits.read(length);
    if (rest === -1) return undefined;
    buckets.push(bucket);
    counts.push(2 ** length + rest);
    next = bucket + 1;
  }
}
