import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ngramsOf } from './ngrams.ts';
import { MOST_PACKED, packNgrams, unpackNgrams } from './packed-ngrams.ts';

const entriesOf = ({ buckets, counts }: ReturnType<typeof ngramsOf>) =>
  Array.from(buckets, (bucket, i) => [bucket, counts[i] ?? 0] as const).sort(([a], [b]) => a - b);

describe('packed n-grams', () => {
  it('come back as they were, of any text', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const ngrams = ngramsOf(text);
        const found = unpackNgrams(packNgrams(ngrams));
        expect(found === undefined ? undefined : entriesOf(found)).toEqual(entriesOf(ngrams));
      }),
    ));

  it('are as bytes what is written down of them', () => {
    const ngrams = { buckets: Int32Array.of(300, 0, 262_143), counts: Uint16Array.of(1, 2, 9000) };
    // The parameter: log2(ln 2 · 2^18 / 3) = 15.9. Then 0 and a count of 2, 299 further buckets and a count of 1, and
    // 261 842 = 7 · 2^15 + 32 466 with the highest count, ones to the end.
    const bits = [
      '00001111',
      '0',
      '000000000000000',
      '100',
      '0',
      '000000100101011',
      '0',
      '11111110',
      '111111011010010',
    ];
    const highest = '1111111111110111111111111';
    const whole = [...bits, highest].join('').padEnd(96, '1');
    expect([...packNgrams(ngrams)].map((byte) => byte.toString(2).padStart(8, '0')).join('')).toBe(whole);
    expect(unpackNgrams(packNgrams(ngrams))?.counts).toEqual(Uint16Array.of(2, 1, 8191));
  });

  it('are the most frequent ones where there are too many, and of equals the same in every query', () => {
    const size = MOST_PACKED + 1000;
    const buckets = Int32Array.from({ length: size }, (_, i) => (i * 7919) % 262_144);
    const counts = Uint16Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 3 : 1));
    const found = unpackNgrams(packNgrams({ buckets, counts }));
    const kept = found === undefined ? [] : entriesOf(found);
    const all = entriesOf({ buckets, counts });
    const rare = all.filter(([, count]) => count === 1).slice(0, MOST_PACKED - size / 2);
    expect(kept).toEqual([...all.filter(([, count]) => count === 3), ...rare].sort(([a], [b]) => a - b));
  });

  it('are not made of other bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const found = unpackNgrams(bytes);
        for (const [bucket, count] of found === undefined ? [] : entriesOf(found)) {
          expect(bucket >= 0 && bucket < 262_144 && count > 0).toBe(true);
        }
      }),
    ));

  it.each([[[]], [[19, 0]], [[4, 0]], [[0, 0b1011_1111]], [[18, 0b0111_1111, 255, 255, 0]]])(
    'are none in %j',
    (bytes) => {
      expect(unpackNgrams(Uint8Array.from(bytes))).toBeUndefined();
    },
  );
});
