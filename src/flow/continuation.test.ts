import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, Usage } from '../protocol/chat.ts';
import { addUsage, continued, createSplice, type ContinuationMode } from './continuation.ts';

const usage = { input: 10, output: 3 };

/** What the caller gets after `said` when the next upstream tells `pieces`. */
function spliced(said: string, mode: ContinuationMode, pieces: readonly string[]): string {
  const splice = createSplice({ said, mode, usage });
  const events: ChatEvent[] = [
    { type: 'response-metadata', id: 'b' },
    ...pieces.map((delta): ChatEvent => ({ type: 'text-delta', delta })),
    { type: 'finish', finishReason: 'stop' },
  ];
  return events
    .flatMap(splice)
    .flatMap((event) => (event.type === 'text-delta' ? [event.delta] : []))
    .join('');
}

const cutInto = (text: string, cuts: readonly number[]): string[] => {
  const points = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  return points.slice(1).map((end, i) => text.slice(points[i], end));
};

const words = fc.array(fc.constantFrom('one ', 'two', ' three', '\n', 'é✓ ', '  '), { minLength: 1, maxLength: 12 });

describe('an answer that goes on with another', () => {
  it('is the whole text, nothing twice, wherever the first ended and however the second is cut, when it begins anew', () => {
    fc.assert(
      fc.property(
        words,
        fc.nat(),
        fc.array(fc.nat()),
        fc.constantFrom('restart', 'prefill'),
        (parts, at, cuts, mode) => {
          const text = parts.join('');
          const said = text.slice(0, at % (text.length + 1));
          expect(said + spliced(said, mode, cutInto(text, cuts))).toBe(text);
        },
      ),
    );
  });

  it('is the whole text when the second goes on from a prefill, with or without the white space that it lacks', () => {
    // Words that never begin like what was said, as a continuation's do.
    const text = 'alpha beta  gamma\ndelta epsilon';
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 1 }), fc.array(fc.nat()), (at, cuts) => {
        const said = text.slice(0, at);
        const rest = text.slice(said.trimEnd().length);
        fc.pre(rest.trim() !== '' && !said.startsWith(rest.slice(0, 1)));
        expect(said + spliced(said, 'prefill', cutInto(rest, cuts))).toBe(text);
      }),
    );
  });

  it('is no answer when another one begins where the first was to be repeated', () => {
    expect(() => spliced('The sky is', 'restart', ['The sea ', 'is'])).toThrowError(/another answer began/);
    expect(() => spliced('The sky is', 'restart', ['The'])).toThrowError(/another answer began/);
  });

  it('has no second thinking, and the tokens of both calls', () => {
    const splice = createSplice({ said: 'Hi', mode: 'prefill', usage });
    expect(splice({ type: 'reasoning-delta', delta: 'hm' })).toEqual([]);
    expect(splice({ type: 'usage', usage: { input: 12, output: 4, cacheRead: 2 } })).toEqual([
      { type: 'usage', usage: { input: 22, output: 7, cacheRead: 2 } },
    ]);
    expect(addUsage({ ...usage, estimated: true }, usage)).toEqual({ input: 20, output: 6, estimated: true });
    const counts: Required<Omit<Usage, 'estimated' | 'partial'>> = {
      input: 1,
      output: 2,
      cacheRead: 3,
      cacheWrite: 4,
      cacheWriteHour: 5,
      reasoning: 6,
      audioInput: 7,
      audioOutput: 8,
      imageInput: 9,
      imageOutput: 10,
      webSearches: 11,
    };
    const twice = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, 2 * count]));
    expect(addUsage(counts, counts)).toEqual(twice);
    expect(addUsage(usage, counts)).toEqual({ ...counts, input: 11, output: 5 });
  });

  it('is asked for with the text so far as the assistant’s', () => {
    const chat = { model: 'm', stream: true, messages: [] };
    expect(continued(chat, 'Hi').messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }]);
  });
});
