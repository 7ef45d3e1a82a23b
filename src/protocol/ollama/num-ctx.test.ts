import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../chat.ts';
import { ollama } from './codec.ts';
import { contextSize } from './num-ctx.ts';
import { renderOllama } from './render.ts';

const says = (text: string, maxOutputTokens?: number): ChatRequest => ({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: [{ type: 'text', text }] }],
  ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
});

describe('wire 24: num_ctx', () => {
  it('is always said', () => {
    expect(JSON.parse(Buffer.from(ollama.render(says('x')).body).toString())).toMatchObject({
      options: { num_ctx: 8192 },
    });
    const { body } = renderOllama(says('x'), { inputTokens: 20_000, contextWindow: 131_072 });
    expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({ options: { num_ctx: 32_768 } });
  });

  it('holds the input and the answer, in powers of two', () => {
    expect(contextSize(says('x', 100), {})).toBe(8192);
    expect(contextSize(says('x', 100), { inputTokens: 8092 })).toBe(8192);
    expect(contextSize(says('x', 100), { inputTokens: 8093 })).toBe(16_384);
    // Without a limit there is room for an answer of a usual length.
    expect(contextSize(says('x'), { inputTokens: 8000 })).toBe(16_384);
    expect(contextSize(says('a'.repeat(60_000), 1000), {})).toBe(32_768);
    // A character of Chinese is a token or so.
    expect(contextSize(says('字'.repeat(20_000), 1000), {})).toBe(32_768);
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(10_000), (inputTokens, limit) => {
        const size = contextSize(says('x', limit), { inputTokens });
        expect(size).toBeGreaterThanOrEqual(inputTokens + limit);
        expect(Number.isInteger(Math.log2(size))).toBe(true);
      }),
    );
  });

  it('is never more than the model has', () => {
    expect(contextSize(says('x'), { inputTokens: 30_000, contextWindow: 40_000 })).toBe(40_000);
    expect(contextSize(says('x'), { contextWindow: 4096 })).toBe(4096);
    expect(contextSize(says('x'), { contextWindow: 0 })).toBe(8192);
  });

  it('counts tools, calls, results and images', () => {
    const image = { type: 'file', mediaType: 'image/png', data: 'AA==' } as const;
    const grown = (request: Partial<ChatRequest>) => contextSize({ ...says('x', 1), ...request }, {}) > 8192;
    const text = 'a'.repeat(30_000);
    expect(grown({ tools: [{ name: 'f', description: text, inputSchema: {} }] })).toBe(true);
    expect(grown({ messages: [{ role: 'user', content: Array.from({ length: 5 }, () => image) }] })).toBe(true);
    const call = { type: 'tool-call', toolCallId: 'a', toolName: 'f', input: text } as const;
    expect(grown({ messages: [{ role: 'assistant', content: [call] }] })).toBe(true);
    const result = { type: 'tool-result', toolCallId: 'a', toolName: 'f', output: text } as const;
    expect(grown({ messages: [{ role: 'tool', content: [result] }] })).toBe(true);
  });
});
