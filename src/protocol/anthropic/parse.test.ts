import { describe, expect, it } from 'vitest';
import { anthropic } from './codec.ts';

const hi = { role: 'user', content: 'Hi' };
const ask = { model: 'm', max_tokens: 10, messages: [hi] };
const saying = (...content: object[]) => ({ ...ask, messages: [{ role: 'user', content }] });

describe('parsing a Messages body', () => {
  it('tells the results of tools from what the user says, in the view as well', () => {
    const body = saying(
      { type: 'text', text: 'Here:' },
      { type: 'tool_result', tool_use_id: 'a', is_error: true, content: 'no such file' },
      {
        type: 'tool_result',
        tool_use_id: 'b',
        content: [
          { type: 'text', text: 'two' },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'text', text: 'lines' },
        ],
      },
    );
    expect(anthropic.parse(body).messages).toEqual([
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'a', toolName: '', output: 'no such file', isError: true },
          {
            type: 'tool-result',
            toolCallId: 'b',
            toolName: '',
            output: 'two\nlines',
            files: [{ type: 'file', mediaType: 'image/*', data: new URL('https://example.com/a.png') }],
          },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'Here:' }] },
    ]);
    expect(anthropic.view(body).messages).toEqual([
      { role: 'tool', text: 'no such file\ntwo\nlines', images: 1, audio: 0, files: 0 },
      { role: 'user', text: 'Here:', images: 0, audio: 0, files: 0 },
    ]);
  });

  it('reads documents with their titles', () => {
    const parts = anthropic.parse(
      saying(
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg' },
          title: 'Report',
          cache_control: { type: 'ephemeral' },
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Grüße' } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      ),
    ).messages[0]?.content;
    expect(parts).toEqual([
      {
        type: 'file',
        mediaType: 'application/pdf',
        data: 'JVBERg',
        filename: 'Report',
        cacheControl: { type: 'ephemeral' },
      },
      { type: 'file', mediaType: 'text/plain', data: Buffer.from('Grüße').toString('base64') },
      { type: 'file', mediaType: 'application/pdf', data: new URL('https://example.com/a.pdf') },
    ]);
  });

  it.each([
    [
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      { toolChoice: 'required', parallelToolCalls: false },
    ],
    [{ tool_choice: { type: 'tool', name: 'f' } }, { toolChoice: { name: 'f' } }],
    [{ tool_choice: { type: 'none' } }, { toolChoice: 'none' }],
    [{ thinking: { type: 'enabled', budget_tokens: 2048 } }, { reasoning: { budgetTokens: 2048 } }],
    [{ thinking: { type: 'adaptive' } }, { reasoning: { effort: 'high' } }],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }, { reasoning: { effort: 'low' } }],
    [{ thinking: { type: 'disabled' } }, { reasoning: { effort: 'none' } }],
    [{ output_config: { effort: 'max' } }, { reasoning: { effort: 'max' } }],
    [{ metadata: { user_id: 'u1' } }, { user: 'u1' }],
    [
      { stop_sequences: ['END'], top_k: 3, top_p: 0.5 },
      { stop: ['END'], topK: 3, topP: 0.5 },
    ],
    [
      { output_format: { type: 'json_schema', schema: { type: 'object' } } },
      { responseFormat: { type: 'json', schema: { type: 'object' } } },
    ],
    [{ system: 'Be brief.', thinking: null, metadata: null }, {}],
  ])('reads %j', (fields, read) => {
    expect(anthropic.parse({ ...ask, ...fields })).toMatchObject(read);
    expect(anthropic.parse({ ...ask, ...fields }).unknown).toBeUndefined();
  });

  it('names what has no place in another dialect, inside fields and blocks too', () => {
    const { unknown, tools } = anthropic.parse({
      ...saying(
        { type: 'text', text: 'Hi', citations: [{}] },
        { type: 'image', source: { type: 'file', file_id: 'file_1' } },
        { type: 'document', source: { type: 'content', content: 'x' }, citations: { enabled: true } },
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'search_result', source: 's' }] },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
      ),
      cache_control: { type: 'ephemeral' },
      thinking: { type: 'adaptive', display: 'omitted' },
      output_config: { task_budget: 5 },
      metadata: { team: 'a' },
      tools: [
        { type: 'web_search_20250305', name: 'web_search' },
        { type: 'custom', name: 'f', input_schema: { type: 'object' }, defer_loading: true },
      ],
    });
    expect(unknown?.toSorted()).toEqual(
      [
        'cache_control',
        'messages.document.citations',
        'messages.document.source.content',
        'messages.image.source.file',
        'messages.server_tool_use',
        'messages.text.citations',
        'messages.tool_result.search_result',
        'metadata.team',
        'output_config.task_budget',
        'thinking.display',
        'tools.defer_loading',
        'tools.web_search_20250305',
      ].toSorted(),
    );
    expect(tools?.map(({ name }) => name)).toEqual(['f']);
  });

  it('says where the fault is', () => {
    const url = { type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } };
    expect(() => anthropic.parse(saying({ type: 'text', text: 'x' }, url))).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'messages[0].content[1].source.url' }),
    );
    expect(() => anthropic.view({ messages: [hi, { role: 'tool', content: '' }] })).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'messages[1].role' }),
    );
  });

  it('sees a request as Claude Code sends it', () => {
    const view = anthropic.view({
      ...ask,
      system: [{ type: 'text', text: 'Rules.', cache_control: { type: 'ephemeral' } }],
      thinking: { type: 'adaptive' },
      tools: [{ name: 'Read', input_schema: { type: 'object' } }],
      stream: true,
    });
    expect(view).toMatchObject({ reasoning: true, toolCount: 1, toolNames: ['Read'], stream: true, maxOutput: 10 });
    expect(view.messages.map(({ role, text }) => [role, text])).toEqual([
      ['system', 'Rules.'],
      ['user', 'Hi'],
    ]);
    expect(anthropic.view({ ...ask, thinking: { type: 'disabled' } }).reasoning).toBe(false);
  });

  it('reads what TinyClaw sends, an empty model among it', () => {
    const body = { model: '', messages: [hi], max_tokens: 4096 };
    expect(anthropic.parse(body)).toEqual({
      model: '',
      stream: false,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      maxOutputTokens: 4096,
    });
  });
});
