import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../errors.ts';
import { codecConformance } from '../conformance.ts';
import { ollama, ollamaGenerate } from './codec.ts';

const look = { name: 'look', description: 'Looks', parameters: { type: 'object' } };

codecConformance(ollama, {
  request: {
    model: 'auto',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is this?', images: ['AA=='] },
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'look', arguments: { at: 1 } } }] },
      { role: 'tool', tool_name: 'look', content: 'a cat' },
    ],
    tools: [{ type: 'function', function: look }],
    format: 'json',
    options: { num_predict: 50 },
    think: 'low',
  },
  parsed: {
    model: 'auto',
    stream: true,
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'file', mediaType: 'image/*', data: 'AA==' },
          { type: 'text', text: 'What is this?' },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId: 'call_0', toolName: 'look', input: '{"at":1}' }],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'call_0', toolName: 'look', output: 'a cat' }],
      },
    ],
    tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
    responseFormat: { type: 'json' },
    reasoning: { effort: 'low' },
    maxOutputTokens: 50,
  },
  answer:
    '{"model":"m","created_at":"2025-01-01T00:00:00.123456789Z","message":{"role":"assistant","content":"hi"},"done":true,"done_reason":"stop","total_duration":9,"prompt_eval_count":3,"eval_count":2}\n',
});

codecConformance(ollamaGenerate, {
  request: {
    model: 'auto',
    system: 'Be brief.',
    prompt: 'What is this?',
    images: ['AA=='],
    format: { type: 'object' },
    options: { num_predict: 50 },
    think: true,
  },
  parsed: {
    model: 'auto',
    stream: true,
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'file', mediaType: 'image/*', data: 'AA==' },
          { type: 'text', text: 'What is this?' },
        ],
      },
    ],
    responseFormat: { type: 'json', schema: { type: 'object' } },
    reasoning: {},
    maxOutputTokens: 50,
  },
  answer:
    '{"model":"m","created_at":"2025-01-01T00:00:00Z","response":"hi","done":true,"context":[1,2],"prompt_eval_count":3,"eval_count":2}',
  upstream: ollama,
});

describe('the wire of Ollama', () => {
  it('wire 21: streams unless it is told not to, as lines of JSON', () => {
    for (const codec of [ollama, ollamaGenerate]) {
      expect(codec.streamType).toBe('application/x-ndjson');
      expect(codec.streams({ model: 'm' })).toBe(true);
      expect(codec.streams({ model: 'm', stream: null })).toBe(true);
      expect(codec.streams({ model: 'm', stream: true })).toBe(true);
      expect(codec.streams({ model: 'm', stream: false })).toBe(false);
    }
    expect(ollama.view({ messages: [{ role: 'user', content: 'x' }] }).stream).toBe(true);
    expect(ollamaGenerate.view({ prompt: 'x', stream: false }).stream).toBe(false);
  });

  it('wire 23: an error is a text, whole and as a line of a stream', () => {
    const error = new SignalboxError('model_not_found', 'no model "x"', { param: 'model' });
    for (const codec of [ollama, ollamaGenerate]) {
      expect(codec.error(error).toString()).toBe(String.raw`{"error":"no model \"x\""}`);
      expect(codec.errorEvent(error).toString()).toBe('{"error":"no model \\"x\\""}\n');
      expect(codec.errorEvent(error, { costUsd: 1 }).toString()).toBe(
        '{"error":"no model \\"x\\"","routing":{"costUsd":1}}\n',
      );
    }
  });

  it('says which field is at fault', () => {
    const message = { role: 'user', content: 'x' };
    const faults: [unknown, string][] = [
      [{ model: 'm' }, 'messages'],
      [{ messages: [message, { role: 'robot' }] }, 'messages[1].role'],
      [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }, 'messages[0].content'],
      [{ messages: [{ ...message, images: ['AA==', 7] }] }, 'messages[0].images'],
      [{ messages: [{ ...message, images: 'AA==' }] }, 'messages[0].images'],
    ];
    for (const [body, param] of faults) {
      expect(() => ollama.view(body), param).toThrowError(expect.objectContaining({ code: 'invalid_request', param }));
    }
    const asked: [unknown, string][] = [
      [{}, 'prompt'],
      [{ prompt: '' }, 'prompt'],
      [{ prompt: 'x', system: 1 }, 'system'],
      [{ prompt: 'x', images: [1] }, 'images'],
    ];
    for (const [body, param] of asked) {
      expect(() => ollamaGenerate.view(body), param).toThrowError(expect.objectContaining({ param }));
    }
  });

  it('sees reasoning, limits and formats as its clients say them', () => {
    const view = (fields: object) => ollama.view({ messages: [{ role: 'USER', content: 'x' }], ...fields });
    expect(view({})).toMatchObject({ reasoning: false, json: false, maxOutput: undefined });
    expect(view({ think: true }).reasoning).toBe(true);
    expect(view({ think: 'high' }).reasoning).toBe(true);
    expect(view({ think: false }).reasoning).toBe(false);
    expect(view({ format: '' }).json).toBe(false);
    expect(view({ format: { type: 'object' } }).json).toBe(true);
    // Without a limit, and until the context is full.
    expect(view({ options: { num_predict: -1 } }).maxOutput).toBeUndefined();
    expect(view({ options: { num_predict: -2 } }).maxOutput).toBeUndefined();
    expect(view({ options: { num_predict: 7 } }).maxOutput).toBe(7);
    expect(view({ tools: [{ type: 'function', function: { name: 'f' } }, {}] })).toMatchObject({
      toolCount: 2,
      toolNames: ['f'],
    });
  });
});
