import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatPart, ChatRequest } from '../chat.ts';
import { anthropic } from '../anthropic/codec.ts';
import { openaiChat } from '../openai-chat/codec.ts';
import { ollama, ollamaGenerate } from './codec.ts';

const again = (request: ChatRequest): unknown => JSON.parse(Buffer.from(ollama.render(request).body).toString());
const asked = (fields: Partial<ChatRequest>): ChatRequest => ({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
  ...fields,
});

/** Requests as clients of this wire send them. */
function bodies() {
  const words = fc.string({ maxLength: 20 });
  const name = fc.constantFrom('look', 'add', 'f');
  const image = fc.constantFrom('iVBORw0KGgoAAA==', '/9j/4AAQ', 'AA==', 'data:image/gif;base64,R0lGODlh');
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const call = fc.record(
    {
      id: fc.constantFrom('call_0', 'call_1', 'toolu_9'),
      function: fc.record({ name, arguments: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue()) }),
    },
    { requiredKeys: ['function'] },
  );
  const images = optional(fc.array(image, { maxLength: 2 }));
  const message = fc.oneof(
    fc.record({ role: fc.constantFrom('system', 'user'), content: words, images }),
    fc.record({
      role: fc.constant('assistant'),
      content: optional(words),
      thinking: optional(words),
      tool_calls: optional(fc.uniqueArray(call, { maxLength: 3, selector: ({ id }) => id ?? Symbol() })),
    }),
    fc.record({ role: fc.constant('tool'), content: words, tool_name: optional(name), images }),
  );
  const schema = fc.constantFrom({}, { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] });
  return fc.record(
    {
      model: fc.constant('llama3.2:3b'),
      messages: fc.array(message, { minLength: 1, maxLength: 6 }),
      stream: fc.boolean(),
      tools: fc.array(
        fc.record({
          type: fc.constant('function'),
          function: fc.record({ name, description: words, parameters: schema }),
        }),
      ),
      format: fc.oneof(fc.constant('json'), schema),
      think: fc.constantFrom(true, false, 'low', 'medium', 'high'),
      options: fc.record(
        {
          temperature: fc.double({ min: 0, max: 2, noNaN: true }).filter((value) => !Object.is(value, -0)),
          top_p: fc.constantFrom(0, 0.9, 1),
          top_k: fc.nat(100),
          seed: fc.nat(),
          stop: fc.oneof(fc.constant('end'), fc.array(words, { maxLength: 3 })),
          num_predict: fc.integer({ min: -2, max: 5000 }),
          num_ctx: fc.nat(),
          presence_penalty: fc.constantFrom(0, -1.5),
          frequency_penalty: fc.constantFrom(0, 1.5),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['model', 'messages'] },
  );
}

describe('a request', () => {
  it('is the same after it was written anew, whatever it says', () => {
    fc.assert(
      fc.property(bodies(), (sent) => {
        const body: unknown = JSON.parse(JSON.stringify(sent));
        const request = ollama.parse(body);
        expect(request.unknown).toBeUndefined();
        expect(ollama.render(request).lost).toEqual([]);
        expect(ollama.parse(again(request))).toEqual(request);
      }),
    );
  });

  it('wire 22: calls without ids get stable ones, and results find their calls by name and order', () => {
    const call = (name: string) => ({ function: { name, arguments: {} } });
    const body = {
      model: 'm',
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '', tool_calls: [call('f'), call('g'), call('f')] },
        { role: 'tool', tool_name: 'g', content: 'of g' },
        { role: 'tool', tool_name: 'f', content: 'first of f' },
        { role: 'tool', content: 'second of f' },
        { role: 'tool', tool_name: 'h', content: 'of nobody' },
        { role: 'assistant', content: '', tool_calls: [call('f')] },
        { role: 'user', content: 'never mind' },
        { role: 'assistant', content: '', tool_calls: [call('f')] },
        { role: 'tool', tool_name: 'f', content: 'of the last' },
      ],
    };
    const parts = ollama.parse(body).messages.flatMap(({ content }): readonly ChatPart[] => content);
    expect(parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []))).toEqual([
      'call_0',
      'call_1',
      'call_2',
      'call_4',
      'call_5',
    ]);
    expect(
      parts.flatMap((part) => (part.type === 'tool-result' ? [[part.toolCallId, part.toolName, part.output]] : [])),
    ).toEqual([
      ['call_1', 'g', 'of g'],
      ['call_0', 'f', 'first of f'],
      ['call_2', 'f', 'second of f'],
      ['call_3', 'h', 'of nobody'],
      ['call_5', 'f', 'of the last'],
    ]);
    expect(ollama.parse(body)).toEqual(ollama.parse(body));
  });

  it('wire 22: ids that newer versions give are kept, and none is given twice', () => {
    const { messages } = ollama.parse({
      messages: [
        {
          role: 'assistant',
          tool_calls: [
            { function: { name: 'f', arguments: { a: 1 } } },
            { id: 'call_0', function: { index: 1, name: 'f', arguments: '{"a":2}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_0', content: 'two' },
        { role: 'tool', tool_call_id: 'gone', content: 'none' },
      ],
    });
    expect(messages.map(({ content }) => content)).toEqual([
      [
        { type: 'tool-call', toolCallId: 'call_1', toolName: 'f', input: '{"a":1}' },
        { type: 'tool-call', toolCallId: 'call_0', toolName: 'f', input: '{"a":2}' },
      ],
      [{ type: 'tool-result', toolCallId: 'call_0', toolName: 'f', output: 'two' }],
      [{ type: 'tool-result', toolCallId: 'gone', toolName: '', output: 'none' }],
    ]);
  });

  it('wire 22: thinking, images and their kinds are read', () => {
    const { messages } = ollama.parse({
      messages: [
        { role: 'user', content: 'x', images: ['iVBORw0KGgoAAA==', '/9j/4AAQ', 'data:image/webp;base64,UklGRg=='] },
        { role: 'assistant', content: 'y', thinking: 'hm' },
        { role: 'tool', content: 'z', images: ['R0lGODlh'] },
      ],
    });
    expect(messages.map(({ content }) => content)).toMatchObject([
      [
        { type: 'file', mediaType: 'image/png', data: 'iVBORw0KGgoAAA==' },
        { mediaType: 'image/jpeg' },
        { mediaType: 'image/webp', data: 'UklGRg==' },
        { type: 'text' },
      ],
      [{ type: 'reasoning', text: 'hm' }, { type: 'text' }],
      [{ type: 'tool-result', files: [{ mediaType: 'image/gif', data: 'R0lGODlh' }] }],
    ]);
    expect(() =>
      ollama.parse({ messages: [{ role: 'user', content: 'x', images: ['https://a.example/b.png'] }] }),
    ).toThrowError(expect.objectContaining({ code: 'invalid_request', param: 'messages[0].images[0]' }));
  });

  it('tells by path what no other dialect could say', () => {
    const settings = {
      keep_alive: '5m',
      truncate: false,
      think: 'ultra',
      format: 'xml',
      options: { mirostat: 1, num_ctx: 4096, min_p: 0.1, temperature: 0 },
    };
    expect(ollama.parse({ messages: [{ role: 'user', content: 'x' }], ...settings }).unknown).toEqual([
      'keep_alive',
      'truncate',
      'options.mirostat',
      'options.min_p',
      'format',
      'think',
    ]);
    expect(ollamaGenerate.parse({ prompt: 'x', suffix: 'y', template: 't', context: [1], raw: true }).unknown).toEqual([
      'suffix',
      'template',
      'context',
      'raw',
    ]);
    // Some clients send every field.
    const idle = { suffix: '', template: '', context: [], raw: false, system: '', format: '', options: null };
    expect(ollamaGenerate.parse({ model: 'm', prompt: 'x', ...idle })).toEqual(asked({}));
  });

  it('test 5: temperature and num_predict go on to the upstream', () => {
    const body = {
      model: 'auto',
      messages: [{ role: 'user', content: 'Name three rivers.' }],
      stream: false,
      options: { temperature: 0.7, num_predict: 1024 },
    };
    const request = ollama.parse(body);
    expect(request).toMatchObject({ stream: false, temperature: 0.7, maxOutputTokens: 1024 });
    expect(again(request)).toMatchObject({ stream: false, options: { temperature: 0.7, num_predict: 1024 } });
    const chat: unknown = JSON.parse(Buffer.from(openaiChat.render(request).body).toString());
    expect(chat).toMatchObject({ temperature: 0.7, max_completion_tokens: 1024 });
  });
});

describe('a request from another dialect', () => {
  it('wire 22: OpenAI: arguments become objects and results get the name of their tool', () => {
    const request = openaiChat.parse({
      model: 'm',
      stream: true,
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'a',
              type: 'function',
              function: { name: 'look', arguments: '{"at": 12345678901234567890,\n"y":1}' },
            },
            { id: 'b', type: 'function', function: { name: 'add', arguments: '' } },
            { id: 'c', type: 'function', function: { name: 'add', arguments: '{"half' } },
          ],
        },
        { role: 'tool', tool_call_id: 'b', content: '3' },
        { role: 'tool', tool_call_id: 'a', content: 'a cat' },
      ],
      tools: [{ type: 'function', function: { name: 'look', strict: true } }],
      tool_choice: 'required',
      parallel_tool_calls: false,
      n: 2,
      user: 'u',
      reasoning_effort: 'xhigh',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' }, strict: true } },
      logprobs: true,
      top_logprobs: 2,
      service_tier: 'flex',
    });
    const { body, lost } = ollama.render(request);
    const text = Buffer.from(body).toString();
    // More digits than a number of JavaScript holds.
    expect(text).toContain('"at": 12345678901234567890');
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is this?', images: ['AA=='] },
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { function: { name: 'look', arguments: { y: 1 } } },
            { function: { name: 'add', arguments: {} } },
            { function: { name: 'add', arguments: { arguments: '{"half' } } },
          ],
        },
        { role: 'tool', tool_name: 'add', content: '3' },
        { role: 'tool', tool_name: 'look', content: 'a cat' },
      ],
      tools: [{ type: 'function', function: { name: 'look' } }],
      format: { type: 'object' },
      think: 'high',
    });
    expect(lost).toEqual([
      'tool_choice',
      'parallel_tool_calls',
      'tools.strict',
      'n',
      'user',
      'messages.detail',
      'service_tier',
      'logprobs',
    ]);
  });

  it('Anthropic: results before the words that follow them, and what is lost has a name', () => {
    const request = anthropic.parse({
      model: 'm',
      max_tokens: 100,
      thinking: { type: 'enabled', budget_tokens: 9000 },
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'text', text: 'Let me see.' },
            { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 1 } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: 'nothing there', is_error: true },
            { type: 'text', text: 'Again.', cache_control: { type: 'ephemeral' } },
          ],
        },
      ],
    });
    const { lost } = ollama.render(request);
    expect(again(request)).toMatchObject({
      stream: false,
      think: 'medium',
      options: { num_predict: 100 },
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: 'Let me see.',
          thinking: 'hm',
          tool_calls: [{ id: 'toolu_1', function: { name: 'look', arguments: { at: 1 } } }],
        },
        { role: 'tool', tool_name: 'look', tool_call_id: 'toolu_1', content: 'nothing there' },
        { role: 'user', content: 'Again.' },
      ],
    });
    expect(lost).toEqual(
      expect.arrayContaining(['reasoning.budget_tokens', 'messages.reasoning', 'messages.is_error', 'cache_control']),
    );
  });

  it('wire 22: an image by its address is refused with advice, and so is a file that is no image', () => {
    const file = (part: object) => () =>
      ollama.render(
        asked({ messages: [{ role: 'user', content: [{ type: 'file', mediaType: 'image/*', data: '', ...part }] }] }),
      );
    const refused = (message: RegExp) =>
      expect.objectContaining({ code: 'invalid_request', status: 400, message: expect.stringMatching(message) });
    expect(file({ data: new URL('https://a.example/b.png') })).toThrowError(refused(/send the image as base64/));
    expect(file({ mediaType: 'application/pdf', data: 'AA==' })).toThrowError(refused(/images only/));
  });

  it('offers only the tools that may be called', () => {
    const tools = [
      { name: 'f', inputSchema: null },
      { name: 'g', inputSchema: { type: 'object' } },
    ];
    expect(again(asked({ tools, toolChoice: 'none' }))).not.toHaveProperty('tools');
    expect(ollama.render(asked({ tools, toolChoice: 'none' })).lost).toEqual([]);
    expect(again(asked({ tools, toolChoice: { name: 'f' } }))).toMatchObject({
      tools: [{ function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
    });
    expect(ollama.render(asked({ tools, toolChoice: { name: 'f' } })).lost).toEqual(['tool_choice']);
    expect(again(asked({ tools, toolChoice: 'auto' }))).toMatchObject({ tools: [{}, {}] });
  });

  it('asks for reasoning in words that every version takes', () => {
    const think = (reasoning: ChatRequest['reasoning']) =>
      Object(again(asked(reasoning === undefined ? {} : { reasoning }))).think;
    expect(think(undefined)).toBeUndefined();
    expect(think({})).toBe(true);
    expect(think({ effort: 'none' })).toBe(false);
    expect(think({ effort: 'minimal' })).toBe('low');
    expect(think({ effort: 'max' })).toBe('high');
    expect(think({ budgetTokens: 0 })).toBe(false);
    expect(think({ budgetTokens: 1024 })).toBe('low');
    expect(think({ budgetTokens: 32_000 })).toBe('high');
  });
});
