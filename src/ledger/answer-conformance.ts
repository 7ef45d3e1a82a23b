import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { manualClock } from '../state/conformance.ts';
import type { Store } from './store.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const textOf = (answer: Uint8Array | undefined) => (answer === undefined ? undefined : Buffer.from(answer).toString());

/** What every store keeps of answers that are given again. */
export function answerConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  describe(`store, answers: ${name}`, () => {
    it('are given back byte for byte until their time is over, and then deleted', async () => {
      const clock = manualClock();
      const store = await open(clock);
      const { answers } = store;
      expect(await answers.get('a')).toBeUndefined();
      await answers.set('a', bytes('one \u0000 \u00e9'), 1000);
      await answers.set('b', bytes('two'), 5000);
      expect(textOf(await answers.get('a'))).toBe('one \u0000 \u00e9');
      await answers.set('a', bytes('three'), 2000);
      clock.advance(1500);
      expect(textOf(await answers.get('a'))).toBe('three');
      clock.advance(600);
      expect(await answers.get('a')).toBeUndefined();
      expect(await store.prune(0)).toBe(1);
      expect(textOf(await answers.get('b'))).toBe('two');
      await answers.clear?.();
      expect(await answers.get('b')).toBeUndefined();
      await store.close();
    });
  });
}
