import { describe, expect, it } from 'vitest';
import { codecConformance } from '../conformance.ts';
import { openaiChat } from './codec.ts';

const body = {
  model: 'auto',
  stream: true,
  messages: [
    { role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
        { type: 'text', text: 'And that?' },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: 'a cat' },
  ],
  tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } }],
  response_format: { type: 'json_object' },
  reasoning_effort: 'low',
  max_completion_tokens: 50,
};

codecConformance(openaiChat, {
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
          { type: 'text', text: 'And that?' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 'look', input: '{}' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', toolName: '', output: 'a cat' }] },
    ],
    tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
    responseFormat: { type: 'json' },
    reasoning: { effort: 'low' },
    maxOutputTokens: 50,
  },
  counts: ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'],
  answer:
    '{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n',
});

describe('openai-chat', () => {
  it('asks for usage in stream_options', () => {
    expect(openaiChat.asksForUsage({ ...body, stream_options: { include_usage: true } })).toBe(true);
    expect(openaiChat.asksForUsage({ ...body, stream_options: { include_usage: false } })).toBe(false);
  });

  it('sees text, images, tools, JSON mode, reasoning and the limit', () => {
    const view = openaiChat.view(body);
    expect(view).toMatchObject({ toolCount: 1, json: true, reasoning: true, stream: true, maxOutput: 50 });
    expect(view.messages.map((m) => [m.role, m.text, m.images])).toEqual([
      ['system', 'Be brief.', 0],
      ['user', 'What is this?\nAnd that?', 1],
      ['assistant', '', 0],
      ['tool', 'a cat', 0],
    ]);
  });

  it('parses the settings of a request', () => {
    const settings = { tool_choice: 'required', stop: 'x', seed: 3, temperature: 0.5, top_p: 0.9 };
    const read = { toolChoice: 'required', stop: ['x'], seed: 3, temperature: 0.5, topP: 0.9 };
    expect(openaiChat.parse({ ...body, ...settings })).toEqual({ ...openaiChat.parse(body), ...read });
  });

  it('names everything that no other dialect could be told', () => {
    const request = {
      model: 'auto',
      messages: [
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'video_url', video_url: { url: 'x' } },
            { type: 'file', file: { file_id: 'f1' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          refusal: null,
          annotations: [],
          audio: { id: 'a1' },
          tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'x', input: 'y' } }],
        },
        { role: 'tool', name: 'look', tool_call_id: 'c', content: 'z' },
      ],
      tools: [{ type: 'custom', custom: { name: 'x' } }],
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      response_format: { type: 'grammar' },
      reasoning_effort: 'lots',
      logit_bias: { 1: 2 },
      service_tier: null,
    };
    expect(openaiChat.parse(request).unknown?.toSorted()).toEqual([
      'logit_bias',
      'messages.audio',
      'messages.content.file_id',
      'messages.content.video_url',
      'messages.name',
      'messages.tool_calls',
      'reasoning_effort',
      'response_format',
      'tool_choice',
      'tools.custom',
    ]);
    expect(openaiChat.parse({ ...body, response_format: { type: 'text' }, tool_choice: null }).unknown).toBeUndefined();
  });

  it('takes a refusal of an earlier turn for what the model said, and marks for the prompt cache as Anthropic’s', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'Long', ...mark }] },
      { role: 'assistant', content: null, refusal: 'I must not.' },
    ];
    const tool = { type: 'function', function: { name: 'look' }, ...mark };
    const { messages: read, tools } = openaiChat.parse({ model: 'm', messages, tools: [tool] });
    expect(read.map(({ content }) => content)).toEqual([
      [{ type: 'text', text: 'Long', cacheControl: { type: 'ephemeral' } }],
      [{ type: 'text', text: 'I must not.' }],
    ]);
    expect(tools?.[0]).toMatchObject({ cacheControl: { type: 'ephemeral' } });
  });

  it('decodes a whole answer into the same events as a stream', async () => {
    async function* whole() {
      yield Buffer.from(
        JSON.stringify({
          id: 'r',
          model: 'm',
          created: 1,
          choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 2 },
        }),
      );
    }
    const events = [];
    for await (const event of openaiChat.decode(whole(), false)) events.push(event.type);
    expect(events).toEqual(['response-metadata', 'text-delta', 'finish', 'usage']);
  });
});
