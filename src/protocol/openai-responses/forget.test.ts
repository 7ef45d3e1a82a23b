import { describe, expect, it } from 'vitest';
import type { EncoderOptions } from '../codec.ts';
import { isObject, list } from '../guards.ts';
import { openaiResponses } from './codec.ts';

const { forget, disown, readWhole, render, parse, writeWhole, writer } = openaiResponses;
const OPTIONS: EncoderOptions = { id: 'r1', model: 'up', createdAt: 7, inputTokens: 9, includeUsage: true };

const user = { role: 'user', content: 'x' };
const proven = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' };
const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' };
const result = { type: 'function_call_output', call_id: 'c', output: 'y' };

/** The items of a translated answer, which a client sends again. */
function translated(id = 'r1'): unknown[] {
  const whole: unknown = JSON.parse(
    Buffer.from(
      writeWhole(
        [
          { type: 'reasoning-delta', delta: 'hm' },
          { type: 'text-delta', delta: 'hi' },
        ],
        { ...OPTIONS, id },
      ),
    ).toString(),
  );
  return isObject(whole) ? [...list(whole['output'])] : [];
}

describe('wire 13: reasoning in a conversation', () => {
  it('is left out for another model, with the ids that are tied to it', () => {
    expect(forget?.({ input: [user, proven, call, result] })).toEqual([
      { field: 'input', value: [user, { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }, result] },
    ]);
    expect(forget?.({ input: [user, call, result] })).toBeUndefined();
    expect(forget?.({ input: 'x' })).toBeUndefined();
    expect(forget?.(null)).toBeUndefined();
    expect(forget?.({ input: [user, proven], previous_response_id: 'resp_1' })).toBeUndefined();
  });

  it('that was translated here is left out for every provider, and theirs stays', () => {
    const [thought, message] = translated();
    expect(thought).toMatchObject({ type: 'reasoning', summary: [{ text: 'hm' }] });
    expect(disown?.({ input: [user, thought, message, proven, call, result] })).toEqual([
      { field: 'input', value: [user, message, proven, call, result] },
    ]);
    expect(disown?.({ input: [user, proven, call, result] })).toBeUndefined();
    expect(parse({ input: [user, thought, message, user] }).messages[1]?.content).toMatchObject([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'hi' },
    ]);
    expect(render(parse({ input: [user, thought, message, user] })).lost).toEqual(['messages.reasoning']);
  });

  it('has ids that OpenAI takes, whatever the provider calls its answers', () => {
    for (const id of ['gen:1/2 ü', 'x'.repeat(200)]) {
      const ids = translated(id).map((item) => (isObject(item) ? item['id'] : undefined));
      for (const own of ids) expect(own).toMatch(/^(?:msg|rs)_[A-Za-z0-9_-]{1,60}$/);
      for (const own of ids) expect(String(own).length).toBeLessThanOrEqual(64);
    }
  });

  it('is not shown to a caller that asked for none', () => {
    const silent = { ...OPTIONS, reasoning: false };
    const events = [
      { type: 'reasoning-delta', delta: 'hm' },
      { type: 'text-delta', delta: 'hi' },
    ] as const;
    expect(readWhole(writeWhole(events, silent)).map(({ type }) => type)).not.toContain('reasoning-delta');
    expect(Buffer.from(writer(silent).write(events[0]) ?? '').toString()).toBe(': keep-alive\n\n');
  });
});
