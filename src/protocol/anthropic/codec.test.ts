import { describe, expect, it } from 'vitest';
import { codecConformance } from '../conformance.ts';
import { anthropic } from './codec.ts';

const body = {
  model: 'auto',
  stream: true,
  system: 'Be brief.',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
        { type: 'text', text: 'And that?', cache_control: { type: 'ephemeral' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'A picture.', signature: 'c2ln' },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 1 } },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'a cat' }] },
  ],
  tools: [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }],
  tool_choice: { type: 'auto' },
  output_config: { format: { type: 'json_schema', schema: { type: 'object', additionalProperties: false } } },
  max_tokens: 50,
  top_k: 5,
};

codecConformance(anthropic, {
  request: body,
  parsed: {
    model: 'auto',
    stream: true,
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'file', mediaType: 'image/png', data: 'AA==' },
          { type: 'text', text: 'And that?', cacheControl: { type: 'ephemeral' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'A picture.', signature: 'c2ln' },
          { type: 'tool-call', toolCallId: 'toolu_1', toolName: 'look', input: '{"at":1}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'toolu_1', toolName: '', output: 'a cat' }] },
    ],
    tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
    toolChoice: 'auto',
    responseFormat: { type: 'json', schema: { type: 'object', additionalProperties: false } },
    maxOutputTokens: 50,
    topK: 5,
  },
  answer:
    '{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}\n',
});

const events = (text: string) =>
  text
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part): { type: string; index?: number; [name: string]: unknown } =>
      JSON.parse(part.slice(part.indexOf('data: ') + 6)),
    );

function written(parts: Parameters<ReturnType<typeof anthropic.writer>['write']>[0][]) {
  const writer = anthropic.writer({ id: 'x', model: 'm', createdAt: 1, inputTokens: 9, includeUsage: true });
  const bytes = [...parts.map((part) => writer.write(part)), writer.end()].filter((part) => part !== undefined);
  return events(Buffer.concat(bytes).toString());
}

describe('anthropic', () => {
  it('wire 15: streams message_start, blocks in order with their index, message_delta, message_stop', () => {
    const told = written([
      { type: 'reasoning-delta', delta: 'hm', signature: 's' },
      { type: 'text-delta', delta: 'a' },
      { type: 'tool-call-delta', index: 0, toolCallId: 'a/b', toolName: 'f', delta: '{' },
      { type: 'tool-call-delta', index: 1, toolCallId: 'c', toolName: 'g', delta: '{}' },
      { type: 'tool-call-delta', index: 0, delta: '}' },
      { type: 'finish', finishReason: 'tool-calls' },
    ]);
    expect(told.map(({ type, index }) => (index === undefined ? type : `${type} ${String(index)}`))).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_stop 1',
      'content_block_start 2',
      'content_block_delta 2',
      // The second call waits for its turn.
      'ping',
      'content_block_delta 2',
      'content_block_stop 2',
      'content_block_start 3',
      'content_block_delta 3',
      'content_block_stop 3',
      'message_delta',
      'message_stop',
    ]);
    expect(told.find(({ type }) => type === 'message_delta')).toMatchObject({ delta: { stop_reason: 'tool_use' } });
    expect(JSON.stringify(told)).not.toContain('a/b');
  });

  it('wire 16: counts what the cache gave as input, and takes later counts for earlier ones', () => {
    const reader = anthropic.reader();
    reader.read(
      '{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":3,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":1}}}',
    );
    const told = reader.read(
      '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":40}}',
    );
    expect(told).toEqual([
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', usage: { input: 123, output: 40, cacheRead: 100, cacheWrite: 20 } },
    ]);
    const usage = written([{ type: 'usage', usage: { input: 123, output: 40, cacheRead: 100, cacheWrite: 20 } }]);
    expect(usage.at(-2)?.['usage']).toEqual({
      input_tokens: 3,
      output_tokens: 40,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 20,
    });
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool-calls'],
    ['refusal', 'content-filter'],
    ['pause_turn', 'other'],
  ])('wire 17: %s is %s', (reason, finishReason) => {
    const told = anthropic.readWhole(
      Buffer.from(JSON.stringify({ type: 'message', content: [], stop_reason: reason, usage: {} })),
    );
    expect(told).toContainEqual({ type: 'finish', finishReason });
  });

  it('wire 18: an overloaded provider is one in mid-stream too', () => {
    expect(
      anthropic.reader().read('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    ).toMatchObject([{ type: 'error', status: 529, message: 'Overloaded' }]);
  });

  it('wire 20: renders turns that alternate, results first, without empty blocks, at most four marks', () => {
    const mark = { type: 'ephemeral' };
    const { body: bytes, lost } = anthropic.render({
      model: 'm',
      stream: false,
      seed: 7,
      temperature: 1.5,
      messages: [
        { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'user', content: [{ type: 'text', text: '' }] },
        { role: 'user', content: [1, 2, 3, 4, 5].map((n) => ({ type: 'text', text: String(n), cacheControl: mark })) },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'unsigned' },
            { type: 'tool-call', toolCallId: 'x:1', toolName: 'f', input: '{}' },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'and?' }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'x:1', toolName: 'f', output: 'ok' }] },
      ],
    });
    const sent = JSON.parse(Buffer.from(bytes).toString());
    expect(sent.messages.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    expect(sent.messages[2].content.filter((block: object) => 'cache_control' in block)).toHaveLength(4);
    expect(sent.messages[4].content.map(({ type }: { type: string }) => type)).toEqual(['tool_result', 'text']);
    expect(sent.messages[4].content[0].tool_use_id).toBe(sent.messages[3].content[0].id);
    expect(sent.messages[4].content[0].tool_use_id).toMatch(/^[\w-]+$/);
    expect(sent).toMatchObject({ max_tokens: 4096, temperature: 1 });
    expect(lost.toSorted()).toEqual(['cache_control', 'messages.reasoning', 'seed', 'temperature']);
  });

  it('answers a strict client with text and tools, a stop reason, and two counts', () => {
    const whole = anthropic.writeWhole(
      [
        { type: 'text-delta', delta: 'Hi' },
        { type: 'tool-call-delta', index: 0, toolName: 'f', delta: '' },
        { type: 'usage', usage: { input: 3, output: 2, cacheRead: 0 } },
      ],
      { id: 'x', model: 'm', createdAt: 1, inputTokens: 3, includeUsage: true },
    );
    expect(JSON.parse(Buffer.from(whole).toString())).toEqual({
      id: 'msg_x',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', id: 'toolu_x_0', name: 'f', input: {} },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 2 },
    });
  });

  it('names what it cannot carry', () => {
    const parsed = anthropic.parse({
      ...body,
      container: 'c1',
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      messages: [{ role: 'user', content: [{ type: 'search_result', source: 's' }] }],
    });
    expect(parsed.unknown?.toSorted()).toEqual(['container', 'messages.search_result', 'tools.web_search_20250305']);
  });
});
