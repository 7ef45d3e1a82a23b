import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../protocol/chat.ts';
import { collectAnswer } from '../protocol/collect.ts';
import { createPartReader } from '../providers/ai-sdk/answer.ts';
import { createPartWriter } from './parts.ts';

/** Words, thoughts and calls in any order; the deltas of calls may alternate. */
const events = fc
  .array(
    fc.oneof(
      fc.record({ type: fc.constantFrom('text-delta' as const, 'reasoning-delta' as const), delta: fc.string() }),
      fc.record({ type: fc.constant('tool-call-delta' as const), call: fc.nat(3), delta: fc.string() }),
    ),
  )
  .map((drafts): ChatEvent[] => {
    const seen: number[] = [];
    return drafts.map((draft) => {
      if (draft.type !== 'tool-call-delta') return draft;
      const { call, ...rest } = draft;
      const known = seen.indexOf(call);
      if (known !== -1) return { ...rest, index: known };
      return { ...rest, index: seen.push(call) - 1, toolCallId: `id-${call}`, toolName: `tool-${call}` };
    });
  });

const partsOf = (from: readonly ChatEvent[]) => {
  const writer = createPartWriter();
  return [...from.flatMap((event) => writer.write(event)), ...writer.end()];
};

describe('the parts of a stream', () => {
  it('say what the events said, in any order', () => {
    fc.assert(
      fc.property(events, (from) => {
        const read = createPartReader();
        const { text, reasoning, toolCalls } = collectAnswer(from);
        expect(collectAnswer(partsOf(from).flatMap(read))).toMatchObject({ text, reasoning, toolCalls });
      }),
    );
  });

  it('begin and end each block once, never two of them at a time but for calls', () => {
    fc.assert(
      fc.property(events, (from) => {
        const open = new Set<string>();
        const used = new Set<string>();
        for (const part of partsOf(from)) {
          const [, kind, step] = /^(text|reasoning|tool-input)-(start|delta|end)$/.exec(part.type) ?? [];
          if (kind === undefined || !('id' in part)) continue;
          const name = `${kind === 'tool-input' ? 'call' : 'block'} ${part.id}`;
          if (step === 'start') {
            expect(used.has(name)).toBe(false);
            if (kind !== 'tool-input') expect(open).toEqual(new Set());
            used.add(name);
            if (kind !== 'tool-input') open.add(name);
          } else if (kind !== 'tool-input') {
            expect(open.has(name)).toBe(true);
            if (step === 'end') open.delete(name);
          } else expect(used.has(name)).toBe(true);
        }
        expect(open).toEqual(new Set());
      }),
    );
  });
});
