import { describe, expect, it } from 'vitest';
import { askingMessages, messagesClient, thinking } from '../../support/messages-client.ts';
import { chat, lastLine, message, PRICE, tells, useOneUpstream } from '../../support/one-upstream.ts';

const one = useOneUpstream();

const { ask, askChat } = messagesClient(one);
const text = (words: string) => ({ type: 'text', text: words });

describe('a request', () => {
  const thought = { type: 'thinking', thinking: 'hm', signature: 'c2ln' };
  const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { at: 'cat' } });
  const result = (id: string, content = 'a cat') => ({ type: 'tool_result', tool_use_id: id, content });
  const loop = [
    { role: 'user', content: 'Look!' },
    { role: 'assistant', content: [thought, use('toolu_1')] },
    { role: 'user', content: [result('toolu_1')] },
  ];
  const tools = [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }];
  const fine = tells(message([text('Hi')]));

  it('20: thinking goes back unchanged in a loop of tools: only the model’s name is another', async () => {
    one.upstream.behave(fine);
    const sent = JSON.stringify(askingMessages('claude', { thinking, tools, messages: loop }), null, 1);
    await one.gateway.post('/v1/messages', sent);
    expect(one.seen()[0]?.body).toBe(sent.replace('"claude"', '"claude-up"'));
  });

  it('20: thinking is stripped when the model changes, and the loop stays whole', async () => {
    await one.start({
      models: ['one', 'two'].map((id) => ({ id, provider: 'anthropic', model: `up-${id}`, price: PRICE })),
    });
    const session = { 'x-signalbox-session': 's1' };
    await ask('one', fine, { tools, messages: loop.slice(0, 1) }, session);
    const moved = await ask('two', fine, { tools, messages: loop }, session);
    expect(moved.headers.get('x-signalbox-warnings')).toBe('dropped:reasoning');
    expect(one.asked().messages).toEqual([loop[0], { role: 'assistant', content: [use('toolu_1')] }, loop[2]]);
  });

  it('20: no loop of tools that lost its thinking is asked to think with a budget', async () => {
    await one.start({
      models: ['one', 'two'].map((id) => ({ id, provider: 'anthropic', model: `up-${id}`, price: PRICE })),
    });
    const session = { 'x-signalbox-session': 's1' };
    await ask('one', fine, { tools, thinking, messages: loop.slice(0, 1) }, session);
    await ask('two', fine, { tools, thinking, messages: loop }, session);
    expect(one.asked()).toMatchObject({
      thinking: { type: 'disabled' },
      messages: [{}, { content: [use('toolu_1')] }, {}],
    });
    await ask('one', fine, { tools, thinking: { type: 'adaptive' }, messages: loop }, session);
    expect(one.asked().thinking).toEqual({ type: 'adaptive' });
  });

  it('20: thoughts of other providers, which nobody signed, never reach Anthropic', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } };
    const thinks = tells(chat({ content: null, reasoning_content: 'hm', tool_calls: [call] }, 'tool_calls'));
    const answer = await ask('gpt', thinks, { tools, thinking, messages: loop.slice(0, 1) });
    const { content } = (await answer.json()) as { content: unknown[] };
    expect(content).toMatchObject([{ type: 'thinking', thinking: 'hm' }, { type: 'tool_use' }]);
    const messages = [loop[0], { role: 'assistant', content }, { role: 'user', content: [result('call_1')] }];
    await ask('claude', fine, { tools, thinking, messages });
    expect(one.asked().messages).toEqual([messages[0], { role: 'assistant', content: [use('call_1')] }, messages[2]]);
    expect(one.asked().thinking).toEqual({ type: 'disabled' });
    const back = await ask('gpt', thinks, { tools, messages });
    expect(back.headers.get('x-signalbox-warnings')).toBe('dropped:messages.reasoning');
  });

  it('20: no proof of Anthropic’s reaches a provider of another dialect', async () => {
    await ask('gpt', tells(chat({ content: 'Hi' })), { tools, messages: loop });
    expect(one.seen()[0]?.body).not.toContain('c2ln');
    await ask('llama', tells(lastLine({ content: 'Hi' })), { tools, messages: loop });
    expect(one.seen()[1]?.body).not.toContain('c2ln');
  });

  it('20: max_tokens is there, whatever the client says', async () => {
    await askChat('claude', fine);
    expect(one.asked().max_tokens).toBeGreaterThan(0);
    await askChat('claude', fine, { max_completion_tokens: 77 });
    expect(one.asked().max_tokens).toBe(77);
    one.upstream.behave(fine);
    await one.gateway.post('/api/chat', {
      model: 'claude',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: false,
    });
    expect(one.asked().max_tokens).toBeGreaterThan(0);
  });

  const toolCall = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } });

  it('20: results stand at the head of the turn after their calls, nothing is empty, and ids are of its alphabet', async () => {
    const messages = [
      { role: 'user', content: [text(''), text('Look!')] },
      { role: 'assistant', content: '', tool_calls: [toolCall('call.1/ä'), toolCall('b')] },
      { role: 'user', content: 'And be quick.' },
      { role: 'tool', tool_call_id: 'b', content: 'a dog' },
      { role: 'tool', tool_call_id: 'call.1/ä', content: 'a cat' },
      { role: 'user', content: '' },
    ];
    const response = await askChat('claude', fine, { messages });
    expect(response.status).toBe(200);
    const [asked, called, told, ...rest] = one.asked().messages;
    expect([asked, rest]).toEqual([{ role: 'user', content: 'Look!' }, []]);
    const [first, second] = called.content.map(({ id }: { id: string }) => id);
    expect(called.content).toEqual([use(first), use(second)]);
    expect(first).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(second).toBe('b');
    expect(told.content).toEqual([result(first), result(second, 'a dog'), text('And be quick.')]);
  });

  const mark = { cache_control: { type: 'ephemeral' } };

  it('20: cache marks stay where they are', async () => {
    const marked = {
      system: [text('One.'), { ...text('Two.'), ...mark }],
      tools: [{ ...tools[0], ...mark }],
      messages: [{ role: 'user', content: [{ ...text('Three.'), ...mark }, text('Four.')] }],
    };
    await ask('claude', fine, marked);
    expect(one.asked()).toMatchObject(marked);
  });

  it.each([
    ['a mark on a tool', { tools: [{ ...tools[0], cache_control: { type: 'ephemeral' } }] }, 'cache_control'],
    ['a budget of thinking', { max_tokens: 4000, thinking }, 'reasoning.budget_tokens'],
    [
      'the failure of a tool',
      {
        messages: [
          loop[0],
          { role: 'assistant', content: [use('t1')] },
          { role: 'user', content: [{ ...result('t1'), is_error: true }] },
        ],
      },
      'messages.is_error',
    ],
  ])('20: %s that chat completions cannot say is named', async (_name, rest, path) => {
    const response = await ask('gpt', tells(chat({ content: 'Hi' })), rest);
    expect(response.headers.get('x-signalbox-warnings')).toBe(`dropped:${path}`);
  });

  it('20: fields without number are named as far as a head has room', async () => {
    const names = Array.from({ length: 2000 }, (_, n) => `unheard_of_${n}`);
    const response = await ask(
      'gpt',
      tells(chat({ content: 'Hi' })),
      Object.fromEntries(names.map((name) => [name, 1])),
    );
    const warnings = response.headers.get('x-signalbox-warnings')?.split(',') ?? [];
    expect(warnings.slice(0, 2)).toEqual(['dropped:unheard_of_0', 'dropped:unheard_of_1']);
    expect(warnings.at(-1)).toBe(`more:${names.length - warnings.length + 1}`);
    expect(warnings.join(',').length).toBeLessThan(4100);
  });

  it('20: at most four marks are sent, the last ones, each on its part', async () => {
    const content = [1, 2, 3, 4, 5, 6].map((n) => ({ ...text(`Part ${n}.`), ...(n === 3 ? {} : mark) }));
    const response = await askChat('claude', fine, { messages: [{ role: 'user', content }] });
    expect(response.headers.get('x-signalbox-warnings')).toContain('dropped:cache_control');
    expect(one.asked().messages[0].content).toEqual(content.map((part, i) => (i === 0 ? text('Part 1.') : part)));
  });

  it('20: anthropic-version and anthropic-beta reach Anthropic as they are, and nobody else', async () => {
    const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-2026,b-2026' };
    await ask('claude', fine, {}, headers);
    expect(one.seen()[0]?.headers).toMatchObject(headers);
    await ask('gpt', tells(chat({ content: 'Hi' })), {}, headers);
    expect(Object.keys(one.seen()[1]?.headers ?? {}).join()).not.toContain('anthropic');
    // Without the caller's, the version that is spoken here.
    await askChat('claude', fine);
    expect(one.seen()[2]?.headers['anthropic-version']).toBe('2023-06-01');
  });

  it('20: count_tokens is served, and grows with what is counted', async () => {
    const count = async (rest: object) => {
      const response = await one.gateway.post('/v1/messages/count_tokens', { model: 'claude', ...rest });
      expect(response.status).toBe(200);
      const body = Object(await response.json());
      expect(Object.keys(body)).toEqual(['input_tokens']);
      return Number(body.input_tokens);
    };
    const messages = [{ role: 'user', content: 'Hi' }];
    const small = await count({ messages });
    expect(small).toBeGreaterThan(0);
    const system = 'Be brief. '.repeat(50);
    expect(await count({ messages, system })).toBeGreaterThan(small + 50);
    expect(await count({ messages, tools })).toBeGreaterThan(small);
    expect(one.seen()).toHaveLength(0);
  });
});
