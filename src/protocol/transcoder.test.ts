import { describe, expect, it } from 'vitest';
import { codecOf } from './registry.ts';
import { createTranscoder } from './transcoder.ts';

const WRITER = { id: 'x', model: 'm', createdAt: 1, inputTokens: 1, includeUsage: false };
const MEGABYTE = 1024 * 1024;

describe('an answer without an end', () => {
  const piece = (delta: object): Buffer =>
    Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`);
  const call = (args: string, name?: string) => ({ tool_calls: [{ index: 0, function: { name, arguments: args } }] });

  it.each([
    ['ollama', 'its calls are told whole', call],
    ['anthropic', 'text waits for the end of a call', (content: string) => ({ content })],
  ] as const)('is given up, for a caller of %s, where %s', (dialect, _why, more) => {
    const tap = createTranscoder({ from: codecOf('openai-chat'), to: codecOf(dialect), writer: WRITER });
    tap.push(piece(call('{"never":"', 'f')));
    const chunk = piece(more('x'.repeat(MEGABYTE)));
    for (let n = 0; n < 63; n++) tap.push(chunk);
    expect(() => {
      for (let n = 0; n < 2; n++) tap.push(chunk);
    }).toThrow(RangeError);
  });
});
