import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { json, type Behaviour } from '../../mock-provider/mock-provider.ts';
import { chatClient, dataOf, gptSays, says, textOf } from '../../support/chat-client.ts';
import {
  chat,
  choice,
  chunks,
  lastLine,
  message,
  messageEnd,
  messageStart,
  named,
  PRICE,
  streamsEvents,
  tells,
  useOneUpstream,
} from '../../support/one-upstream.ts';

const one = useOneUpstream();
const { ask, stream, whole } = chatClient(one);

describe('what a request asks for', () => {
  const warnings = (response: Response) => (response.headers.get('x-signalbox-warnings') ?? '').split(',').toSorted();

  it('8: passes unchanged but for the model where the upstream speaks the dialect', async () => {
    const body =
      '{"model":"gpt","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi","name":"ann"}],"max_completion_tokens":9,"max_tokens":8,"temperature":0.50,"n":2,"logprobs":true,"top_logprobs":3,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{}}},"future_field":{"kept":1.0}}';
    one.upstream.behave(tells(chat({ content: 'Hi' })));
    const response = await one.gateway.chat(body);
    expect(response.status).toBe(200);
    expect(one.seen()[0]?.body).toBe(body.replace('"gpt"', '"gpt-up"'));
    expect(response.headers.get('x-signalbox-warnings')).toBeNull();
  });

  it.each(['max_tokens', 'max_completion_tokens'])('8: %s limits the answer in every dialect', async (name) => {
    await whole('claude', message([]), { [name]: 9 });
    expect(one.asked().max_tokens).toBe(9);
    await whole('llama', lastLine(), { [name]: 9 });
    expect(one.asked().options.num_predict).toBe(9);
  });

  it('8: the developer’s words are the system’s', async () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ];
    await whole('claude', message([]), { messages });
    expect(one.asked()).toMatchObject({ system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] });
    await whole('llama', lastLine(), { messages });
    expect(one.asked().messages[0]).toMatchObject({ role: 'system', content: 'Be brief.' });
  });

  it('8: a strict JSON schema is one in every dialect', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } };
    await whole('claude', message([]), { response_format });
    expect(one.asked().output_config.format).toEqual({ type: 'json_schema', schema });
    await whole('llama', lastLine(), { response_format });
    expect(one.asked().format).toEqual(schema);
  });

  it('8: a temperature that the model refuses is the upstream’s to refuse, or dropped with a warning', async () => {
    const words = JSON.stringify({ error: { message: "Unsupported value: 'temperature'", param: 'temperature' } });
    one.upstream.behave(json(words, 400));
    const refused = await ask('gpt', { temperature: 0.2 });
    expect([refused.status, await refused.text()]).toEqual([400, words]);

    await one.start({
      models: [{ id: 'opus', provider: 'anthropic', model: 'claude-opus-4-8', price: PRICE }],
    });
    one.upstream.behave(tells(message([{ type: 'text', text: 'Hi' }])));
    const answered = await ask('opus', { temperature: 0.2 });
    expect([answered.status, warnings(answered)]).toEqual([200, ['dropped:temperature']]);
    expect(one.asked()).not.toHaveProperty('temperature');
  });

  it.each([
    ['claude', tells(message([{ type: 'text', text: 'Hi' }])), ['seed']],
    ['llama', tells(lastLine({ content: 'Hi' })), ['user']],
  ])('8: what %s cannot be told is dropped, never without a warning', async (model, behaviour, own) => {
    one.upstream.behave(behaviour);
    const everywhere = {
      n: 2,
      logprobs: true,
      top_logprobs: 2,
      logit_bias: { 5: 1 },
      service_tier: 'flex',
      future_field: 1,
      response_format: { type: 'grammar' },
      tools: [{ type: 'custom', custom: { name: 'x' } }],
      seed: 3,
      user: 'ann',
    };
    const messages = [
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'video_url', video_url: { url: 'https://x.example/v' } },
        ],
      },
    ];
    const lost = [
      'n',
      'logprobs',
      'logit_bias',
      'service_tier',
      'future_field',
      'response_format',
      'tools.custom',
      'messages.name',
      'messages.content.video_url',
      ...own,
    ];
    const response = await ask(model, { ...everywhere, messages });
    expect(response.status).toBe(200);
    expect(warnings(response)).toEqual(lost.map((path) => `dropped:${path}`).toSorted());
    expect(JSON.stringify(one.asked())).not.toMatch(/logprobs|logit_bias|future_field|"n":/);
  });

  it.each(['claude', 'llama', 'gpt'])('8: what cannot be read is named, too (%s)', async (model) => {
    const strange = { temperature: '0.5', top_p: '1', max_tokens: -1, stop: 5, parallel_tool_calls: 'no' };
    one.upstream.behave(
      tells(model === 'llama' ? lastLine({ content: 'Hi' }) : message([{ type: 'text', text: 'Hi' }])),
    );
    const response = await ask(model, { ...strange, seed: model === 'gpt' ? 1 : null, max_completion_tokens: null });
    const named = model === 'gpt' ? [''] : Object.keys(strange).map((name) => `dropped:${name}`);
    expect(warnings(response)).toEqual(named.toSorted());
  });

  it('8: a negative seed is one', async () => {
    await whole('llama', lastLine({ content: 'Hi' }), { seed: -7 });
    expect(one.asked().options.seed).toBe(-7);
  });

  it('8: what a tool shows goes with its result', async () => {
    await whole('claude', message([{ type: 'text', text: 'A cat.' }]), {
      messages: [
        { role: 'user', content: 'Look!' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }],
        },
        {
          role: 'tool',
          tool_call_id: 'call_1',
          content: [
            { type: 'text', text: 'taken' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
    });
    expect(one.asked().messages.at(-1).content[0].content).toMatchObject([
      { type: 'text', text: 'taken' },
      { type: 'image', source: { media_type: 'image/png', data: 'iVBORw0KGgo=' } },
    ]);
  });

  it('8: marks for Claude’s prompt cache are carried where a caller sends them in this dialect', async () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    await whole('claude', message([]), {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Long', ...mark }] }],
    });
    expect(one.asked().messages[0].content[0]).toEqual({ type: 'text', text: 'Long', ...mark });
  });
});

describe('several answers', () => {
  const of = (index: number, delta: object, finish: string | null = null) => ({
    ...choice({}),
    choices: [{ index, delta, finish_reason: finish }],
  });
  const first = [of(0, { role: 'assistant', content: 'one' }), of(0, {}, 'stop')];
  const second = [of(1, { role: 'assistant', content: 'two' }), of(1, {}, 'length')];
  const open = (list: readonly object[]) => chunks(...list).replace('data: [DONE]\n\n', '');

  it('8: pass whole in one piece', async () => {
    const both = {
      ...chat({ content: 'one' }),
      choices: ['one', 'two'].map((content, index) => ({
        index,
        message: { role: 'assistant', content },
        finish_reason: 'stop',
      })),
    };
    expect(await whole('gpt', both, { n: 2 })).toEqual(both);
  });

  it('8: pass whole, interleaved or one after the other', async () => {
    for (const list of [
      [...first, ...second],
      [first[0] ?? {}, second[0] ?? {}, second[1] ?? {}, first[1] ?? {}],
    ]) {
      const { response, raw } = await stream('gpt', gptSays(...list), { n: 2 });
      expect(raw).toBe(chunks(...list.map((chunk) => ({ ...chunk, usage: null }))));
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', usage: { output: 7 } });
    }
  });

  it('8: have not ended when the first has, and the second has not begun', async () => {
    const { response, raw } = await stream('gpt', streamsEvents(open(first)), { n: 2 });
    expect(raw.startsWith(open(first))).toBe(true);
    expect(dataOf(raw).at(-1)).toHaveProperty('error');
    expect(raw).not.toContain('[DONE]');
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed' });
  });

  it('8: have ended where a host gives fewer and says that it is done', async () => {
    const { response, raw } = await stream('gpt', streamsEvents(chunks(...first)), { n: 2 });
    expect(raw).toBe(chunks(...first));
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok' });
  });

  it('8: are one, the first, for a caller whose dialect has one', async () => {
    one.upstream.behave(gptSays(second[0] ?? {}, first[0] ?? {}, second[1] ?? {}, first[1] ?? {}));
    const body = { model: 'gpt', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    const raw = await (await one.gateway.post('/v1/messages', body)).text();
    expect(
      dataOf(raw)
        .map(({ delta }) => delta?.text ?? '')
        .join(''),
    ).toBe('one');
    expect(raw).toContain('"stop_reason":"end_turn"');
    expect(raw).not.toContain('max_tokens');
  });
});

describe('server-sent events', () => {
  /** The bytes in pieces of `size`, each in a turn of its own. */
  const inPieces =
    (bytes: string, size: number): Behaviour =>
    async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const all = Buffer.from(bytes);
      for (let at = 0; at < all.length; at += size) {
        response.write(all.subarray(at, at + size));
        await turn();
      }
      response.end();
    };
  const long = 'x'.repeat(100_000);
  const text = `Grüße \u{1F600}\n${long}`;
  const list = [
    choice({ role: 'assistant', content: 'Grüße \u{1F600}\n' }),
    choice({ content: long }),
    choice({}, 'stop'),
  ];
  const plain = chunks(...list);
  /** JSON over several lines of data. */
  const spread = list
    .map(
      (chunk) =>
        `${JSON.stringify(chunk, null, 1)
          .split('\n')
          .map((each) => `data: ${each}\n`)
          .join('')}\n`,
    )
    .join('');
  const forms: readonly (readonly [string, string])[] = [
    ['plain', plain],
    ['with CRLF', plain.replaceAll('\n', '\r\n')],
    ['with comments', `: hello\n\n${plain.replaceAll('data: {', ': keep-alive\n\ndata: {')}`],
    ['with a comment inside an event', plain.replaceAll('data: {', ': keep-alive\ndata: {')],
    ['with data over several lines', `${spread}data: [DONE]\n\n`],
    ['without the space after the colon', plain.replaceAll('data: ', 'data:')],
    ['with other fields', plain.replaceAll('data: {', 'id: 1\nretry: 10\nevent: message\ndata: {')],
  ];

  it.each(forms)('10: %s pass byte by byte as they are, wherever they are cut', async (_name, bytes) => {
    for (const size of [7, 997, bytes.length]) {
      const { response, raw } = await stream('gpt', inPieces(size === 7 ? bytes.replaceAll(long, 'x') : bytes, size));
      expect(raw).toBe(size === 7 ? bytes.replaceAll(long, 'x') : bytes);
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', finishReason: 'stop' });
    }
  });

  it.each(forms)('10: %s are translated alike', async (_name, bytes) => {
    const body = { model: 'gpt', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    one.upstream.behave(inPieces(bytes, 997));
    const raw = await (await one.gateway.post('/v1/messages', body)).text();
    expect(
      dataOf(raw)
        .map(({ delta }) => delta?.text ?? '')
        .join(''),
    ).toBe(text);
    expect(raw).toContain('message_stop');
  });

  it('10: are known by their type however it is written', async () => {
    one.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=utf-8' });
      response.end(plain);
    });
    expect(await (await ask('gpt', { stream: true })).text()).toBe(plain);
  });

  it('10: that cannot be read are a clean failure', async () => {
    const { raw } = await stream(
      'gpt',
      streamsEvents(
        `${chunks(choice({ content: 'Hi' })).replace('data: [DONE]\n\n', '')}data: {"id":"chatc\n\n${plain}`,
      ),
    );
    expect(textOf(raw)).toBe('Hi');
    expect(dataOf(raw).at(-1).error.message).toContain('cannot be read');
    expect(raw).not.toContain('[DONE]');
  });

  it('10: a sign of life of another dialect is a comment', async () => {
    const given = named(messageStart(), { type: 'ping' }, ...says('Hi'), ...messageEnd());
    const { raw } = await stream('claude', streamsEvents(given));
    expect(raw).toContain(': keep-alive\n\n');
    expect(textOf(raw)).toBe('Hi');
  });
});
