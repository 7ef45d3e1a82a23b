import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NGRAM_BUCKETS, ngramsOf, wordBuckets } from './ngrams.ts';

describe('wordBuckets', () => {
  it('lists words and pairs of words once each, in lower case', () => {
    expect(wordBuckets('The cat, the CAT!').map(({ words }) => words)).toEqual(['the', 'cat', 'the cat', 'cat the']);
    expect(wordBuckets('你好').map(({ words }) => words)).toEqual(['你', '好', '你 好']);
    expect(wordBuckets(' . ')).toEqual([]);
  });

  it('finds every word in a bucket that the n-grams of the text count', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', 'B', ' ', '你', '\n', 'é', '1') })),
        (text) => {
          const { buckets } = ngramsOf(text);
          for (const { bucket } of wordBuckets(text)) {
            expect(bucket).toBeLessThan(NGRAM_BUCKETS);
            expect(buckets).toContain(bucket);
          }
        },
      ),
    );
  });
});
