import { describe, expect, it } from 'vitest';
import { anthropic } from '../anthropic/codec.ts';
import type { ChatMessage, ChatRequest } from '../chat.ts';
import { openaiChat } from '../openai-chat/codec.ts';
import { openaiResponses } from './codec.ts';
import { holdsState } from './holds-state.ts';

function again(request: ChatRequest): Record<string, unknown> {
  return Object(JSON.parse(Buffer.from(openaiResponses.render(request).body).toString()));
}
const asked = (fields: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
  ...fields,
});
const lostOf = (fields: Partial<ChatRequest>) => openaiResponses.render(asked(fields)).lost;
const inputOf = (messages: readonly ChatMessage[]) => again(asked({ messages }))['input'];
const unknownOf = (fields: object) => openaiResponses.parse({ input: 'x', ...fields }).unknown;

describe('a request', () => {
  it('is seen with its text, pictures, files, sound, tools and limit', () => {
    const view = openaiResponses.view({
      input: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_image', image_url: 'x' },
            { type: 'input_file', file_url: 'x' },
            { type: 'input_audio', input_audio: {} },
            { type: 'input_text', text: 'b' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
        { role: 'assistant', content: [{ type: 'output_text', text: 'c' }] },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'function_call', call_id: 'x', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'x', output: [{ type: 'input_text', text: 'd' }] },
      ],
      tools: [{ type: 'function', name: 'look' }, { type: 'web_search' }],
      text: { format: { type: 'json_schema', name: 'x', schema: {} } },
      reasoning: { summary: 'auto' },
      stream: true,
      max_output_tokens: 40,
    });
    expect(view).toMatchObject({
      toolCount: 2,
      toolNames: ['look'],
      json: true,
      reasoning: true,
      stream: true,
      maxOutput: 40,
    });
    expect(view.messages).toEqual([
      { role: 'system', text: 'Be brief.', images: 0, audio: 0, files: 0 },
      { role: 'user', text: 'a\nb', images: 1, audio: 1, files: 1 },
      { role: 'assistant', text: 'c', images: 0, audio: 0, files: 0 },
      { role: 'tool', text: 'd', images: 0, audio: 0, files: 0 },
    ]);
    expect(openaiResponses.view({ input: 'x', reasoning: { effort: 'none' } }).reasoning).toBe(false);
  });

  it('is refused with the path of its fault', () => {
    const faults: readonly (readonly [unknown, string])[] = [
      [{}, 'input'],
      [{ input: 7 }, 'input'],
      [{ input: [] }, 'input'],
      [{ input: ['x'] }, 'input[0]'],
      [{ input: [{}] }, 'input[0].type'],
      [{ input: [{ role: 'user', content: 'x' }, { role: 'robot' }] }, 'input[1].role'],
    ];
    for (const [body, param] of faults) {
      expect(() => openaiResponses.view(body)).toThrowError(
        expect.objectContaining({ code: 'invalid_request', param }),
      );
    }
    const image = { role: 'user', content: ['', { type: 'input_image', image_url: 'file:///etc/passwd' }] };
    expect(() => openaiResponses.parse({ input: [image] })).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'input[0].content[1].image_url' }),
    );
  });

  it('tells by path what no other dialect could say', () => {
    expect(
      unknownOf({
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_image', file_id: 'file-1' },
              { type: 'input_video', video: 'x' },
            ],
          },
          { role: 'assistant', phase: 'commentary', content: [{ type: 'output_text', text: 'a', annotations: [{}] }] },
          { type: 'web_search_call', id: 'ws_1' },
          { type: 'item_reference', id: 'rs_1' },
          { id: 'rs_2' },
        ],
        tools: [
          { type: 'web_search' },
          { type: 'mcp', server_label: 'x' },
          { type: 'function', name: 'f', defer_loading: true },
        ],
        tool_choice: { type: 'allowed_tools', mode: 'required', tools: [] },
        reasoning: { effort: 'low', summary: 'auto' },
        text: { verbosity: 'low', format: { type: 'json_schema', name: 'x', schema: {}, description: 'y' } },
        include: ['file_search_call.results', 'reasoning.encrypted_content'],
        user: 'u',
        safety_identifier: 's',
        metadata: { a: 'b' },
        prompt_cache_key: 'k',
        service_tier: 'flex',
        truncation: 'auto',
        store: true,
        background: true,
        previous_response_id: 'resp_1',
        conversation: 'conv_1',
        future: 1,
      })?.toSorted(),
    ).toEqual(
      [
        'input.content.file_id',
        'input.content.input_video',
        'input.phase',
        'input.content.annotations',
        'input.web_search_call',
        'input.item_reference',
        'tools.web_search',
        'tools.mcp',
        'tools.defer_loading',
        'tool_choice.allowed_tools',
        'reasoning.summary',
        'text.verbosity',
        'text.format.description',
        'include.file_search_call.results',
        'safety_identifier',
        'metadata',
        'prompt_cache_key',
        'service_tier',
        'truncation',
        'store',
        'background',
        'previous_response_id',
        'conversation',
        'future',
      ].toSorted(),
    );
    const include = ['reasoning.encrypted_content'];
    expect(unknownOf({ include })).toEqual(['include.reasoning.encrypted_content']);
    expect(unknownOf({ include, reasoning: { effort: 'low' } })).toBeUndefined();
    const idle = { store: false, background: false, truncation: 'disabled', service_tier: 'auto', metadata: null };
    expect(openaiResponses.parse({ model: 'm', input: 'x', ...idle, stream: true })).toEqual(asked());
    expect(openaiResponses.parse({ input: 'x', safety_identifier: 's' })).toMatchObject({ user: 's' });
  });
});

describe('wire 13: state that only the provider holds', () => {
  it('is found wherever it stands', () => {
    const item = (...input: object[]) => ({ input });
    for (const body of [
      { input: 'x', previous_response_id: 'resp_1' },
      { input: 'x', conversation: { id: 'conv_1' } },
      { input: 'x', background: true },
      { prompt: { id: 'pmpt_1' } },
      item({ role: 'user', content: 'x' }, { type: 'item_reference', id: 'msg_1' }),
      item({ id: 'msg_1' }),
      item({ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }),
      item({ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', file_id: 'file-1' }] }),
    ]) {
      expect(holdsState(body)).toBe(true);
      // It goes to its provider as it is, so routing must be able to look at it.
      expect(openaiResponses.view(body).messages.length).toBeLessThan(3);
    }
    for (const body of [
      null,
      'x',
      { input: 'x', previous_response_id: null, conversation: null, background: false, prompt: null },
      item({
        role: 'user',
        id: 'msg_1',
        content: [{ type: 'input_image', image_url: 'https://a.example/', file_id: null }],
      }),
      item({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' }),
    ]) {
      expect(holdsState(body)).toBe(false);
    }
  });

  it('is not left at an upstream: nothing is stored, and thoughts come along encrypted', () => {
    expect(again(asked())).toMatchObject({ store: false });
    expect(again(asked())).not.toHaveProperty('include');
    expect(again(asked({ reasoning: { effort: 'none' } }))).not.toHaveProperty('include');
    const encrypted = { include: ['reasoning.encrypted_content'] };
    expect(again(asked({ reasoning: { effort: 'low' } }))).toMatchObject({
      ...encrypted,
      reasoning: { effort: 'low' },
    });
    expect(again(asked({ reasoning: {} }))).toMatchObject(encrypted);
    expect(again(asked({ reasoning: { budgetTokens: 9000 } }))).toMatchObject({ reasoning: { effort: 'medium' } });
  });

  it('thoughts are sent again with their proof only, and with something after them', () => {
    const thoughts = (...content: ChatMessage['content']) => {
      const messages: ChatMessage[] = [
        { role: 'user', content: [{ type: 'text', text: 'x' }] },
        { role: 'assistant', content },
        { role: 'user', content: [{ type: 'text', text: 'y' }] },
      ];
      const { lost } = openaiResponses.render(asked({ messages }));
      return { lost, input: inputOf(messages) };
    };
    const proven = { type: 'reasoning', text: 'hm', encrypted: 'e', id: 'rs_1' } as const;
    expect(thoughts(proven, { type: 'text', text: 'a' })).toMatchObject({
      lost: [],
      input: [
        {},
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'e' },
        { role: 'assistant', content: 'a' },
        {},
      ],
    });
    const dropped = { lost: ['messages.reasoning'], input: [{}, { role: 'assistant', content: 'a' }, {}] };
    expect(thoughts({ type: 'text', text: 'a' }, proven)).toMatchObject(dropped);
    expect(thoughts({ type: 'reasoning', text: 'hm', signature: 's' }, { type: 'text', text: 'a' })).toMatchObject(
      dropped,
    );
    expect(thoughts({ type: 'reasoning', text: 'hm', id: 'rs_1' }, { type: 'text', text: 'a' })).toMatchObject(dropped);
  });
});

describe('a request from another dialect', () => {
  it('chat: tools are flat and not strict, results are items, and what is lost has a name', () => {
    const request = openaiChat.parse({
      model: 'm',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'system', content: 'In French.' },
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'look', arguments: '' } },
            { id: 'b', type: 'function', function: { name: 'add', arguments: '{"x":1}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'b', content: '3' },
        { role: 'tool', tool_call_id: 'a', content: '' },
        { role: 'user', content: '' },
        { role: 'user', content: 'And?' },
      ],
      tools: [{ type: 'function', function: { name: 'look' } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      n: 2,
      stop: 'x',
      seed: 1,
      presence_penalty: 1,
      frequency_penalty: 0,
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 5,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' }, strict: true } },
      logit_bias: { 1: 2 },
    });
    expect(again(request)).toEqual({
      model: 'm',
      instructions: 'Be brief.',
      input: [
        { type: 'message', role: 'system', content: 'In French.' },
        { type: 'message', role: 'user', content: 'x' },
        { type: 'function_call', call_id: 'a', name: 'look', arguments: '{}' },
        { type: 'function_call', call_id: 'b', name: 'add', arguments: '{"x":1}' },
        { type: 'function_call_output', call_id: 'a', output: '' },
        { type: 'function_call_output', call_id: 'b', output: '3' },
        { type: 'message', role: 'user', content: 'And?' },
      ],
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object', properties: {} }, strict: false }],
      tool_choice: { type: 'function', name: 'look' },
      max_output_tokens: 16,
      text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' }, strict: true } },
      store: false,
    });
    expect(openaiResponses.render(request).lost).toEqual([
      'n',
      'stop',
      'seed',
      'presence_penalty',
      'max_output_tokens',
      'logit_bias',
      'logprobs',
    ]);
  });

  it('Anthropic: results with pictures keep their place, marks and proofs are named', () => {
    const request = anthropic.parse({
      model: 'm',
      max_tokens: 100,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
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
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              is_error: true,
              content: [
                { type: 'text', text: 'a cat' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
              ],
            },
            { type: 'text', text: 'Again.' },
          ],
        },
      ],
    });
    expect(again(request)).toMatchObject({
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'Let me see.' },
        { type: 'function_call', call_id: 'toolu_1', name: 'look', arguments: '{"at":1}' },
        {
          type: 'function_call_output',
          call_id: 'toolu_1',
          output: [
            { type: 'input_text', text: 'a cat' },
            { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'auto' },
          ],
        },
        { role: 'user', content: 'Again.' },
      ],
      max_output_tokens: 100,
    });
    expect(openaiResponses.render(request).lost).toEqual(['messages.reasoning', 'messages.is_error', 'cache_control']);
  });

  it('repairs calls: an id each, a result each, and results of nothing are words', () => {
    const call = (toolCallId: string, toolName = 'f') =>
      ({ type: 'tool-call', toolCallId, toolName, input: '{}' }) as const;
    const result = (toolCallId: string, output: string, toolName = '') =>
      ({ type: 'tool-result', toolCallId, toolName, output }) as const;
    const long = 'x'.repeat(70);
    const messages: ChatMessage[] = [
      { role: 'assistant', content: [call('', 'f'), call('', 'g')] },
      { role: 'tool', content: [result('', 'of g', 'g'), result('', 'of f', 'f')] },
      { role: 'assistant', content: [call('a'), call(long)] },
      { role: 'user', content: [{ type: 'text', text: 'quick' }, result('a', 'first')] },
      { role: 'assistant', content: [call('a')] },
      { role: 'tool', content: [result('a', 'second'), result('gone', 'stray')] },
    ];
    const input = Object(inputOf(messages));
    const ids: string[] = input.flatMap(({ type, call_id: id }: { type: string; call_id: string }) =>
      type === 'function_call' ? [id] : [],
    );
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(id.length).toBeGreaterThan(0);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(64);
    const output = (at: number, words: string) => ({ type: 'function_call_output', call_id: ids[at], output: words });
    const called = (at: number) => expect.objectContaining({ type: 'function_call', call_id: ids[at] });
    expect(input).toEqual([
      called(0),
      called(1),
      output(0, 'of f'),
      output(1, 'of g'),
      called(2),
      called(3),
      output(2, 'first'),
      output(3, 'no result'),
      { type: 'message', role: 'user', content: 'quick' },
      called(4),
      output(4, 'second'),
      { type: 'message', role: 'user', content: 'stray' },
    ]);
    expect(lostOf({ messages })).toEqual(['messages.tool_result']);
    expect(inputOf(messages.slice(0, 1))).toEqual([
      called(0),
      called(1),
      output(0, 'no result'),
      output(1, 'no result'),
    ]);
  });

  it('names what an assistant cannot show, and asks something beside the instructions', () => {
    const system: ChatMessage = { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] };
    expect(inputOf([system])).toEqual([{ type: 'message', role: 'system', content: 'Be brief.' }]);
    const file = { type: 'file', mediaType: 'image/png', data: 'AA==' } as const;
    expect(lostOf({ messages: [{ role: 'assistant', content: [file] }] })).toEqual(['messages.file']);
    const pdf = { type: 'file', mediaType: 'application/pdf', data: 'AA==' } as const;
    expect(inputOf([{ role: 'user', content: [pdf] }])).toMatchObject([
      { content: [{ type: 'input_file', filename: 'file.pdf', file_data: 'data:application/pdf;base64,AA==' }] },
    ]);
  });
});
