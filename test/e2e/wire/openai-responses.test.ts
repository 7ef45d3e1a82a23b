import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  startMockProvider,
  type Behaviour,
  type MockProvider,
  type SeenRequest,
} from '../../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { block, HELLO, says } from '../../support/chat-client.ts';
import {
  eventsOf,
  lastLine,
  line,
  lines,
  message,
  messageEnd,
  messageStart,
  named,
  PRICE,
  streamsEvents,
  streamsLines,
  tells,
  useOneUpstream,
} from '../../support/one-upstream.ts';

// Test code reads what it is told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;

const one = useOneUpstream();

const ask = (
  model: string,
  behaviour: Behaviour,
  rest: object = {},
  headers: Readonly<Record<string, string>> = {},
) => {
  one.upstream.behave(behaviour);
  return one.gateway.post('/v1/responses', { model, input: 'Hi', ...rest }, headers);
};
const stream = async (model: string, behaviour: Behaviour, rest: object = {}) => {
  const response = await ask(model, behaviour, { stream: true, ...rest });
  const raw = await response.text();
  return { response, raw, events: eventsOf(raw) };
};
const whole = async (model: string, body: object, rest: object = {}): Promise<Any> =>
  (await ask(model, tells(body), rest)).json();
const typesOf = (events: readonly Any[]) => events.map(({ data }) => data.type);

const USAGE = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 18,
};
/** A response object of OpenAI's own. */
const response = (rest: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_760_000_000,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'gpt-up',
  output: [said('Hello there.')],
  usage: USAGE,
  ...rest,
});
const said = (text: string, status = 'completed') => ({
  id: 'msg_1',
  type: 'message',
  status,
  role: 'assistant',
  content: text === '' ? [] : [{ type: 'output_text', text, annotations: [] }],
});
/** Events with their numbers. */
const numbered = (...events: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[]): string =>
  named(...events.map(({ type, ...rest }, sequence_number) => ({ type, sequence_number, ...rest })));
const begun = [
  { type: 'response.created', response: response({ status: 'in_progress', output: [], usage: null }) },
  { type: 'response.in_progress', response: response({ status: 'in_progress', output: [], usage: null }) },
  { type: 'response.output_item.added', output_index: 0, item: said('', 'in_progress') },
];
const piece = (delta: string) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta,
});
const ended = (status = 'completed', rest: object = {}) => ({
  type: `response.${status}`,
  response: response({ status, ...rest }),
});

describe('a translated stream', () => {
  it.each(['claude', 'llama'] as const)('11: tells a message from its beginning to its end (%s)', async (model) => {
    const { raw, events } = await stream(model, HELLO[model]);
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map(({ type }) => type)).toEqual(typesOf(events));
    expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, n) => n));
    expect(raw).not.toContain('[DONE]');
    const last = events.at(-1)?.data.response;
    expect(last).toMatchObject({ id: expect.stringMatching(/^resp_/), object: 'response', status: 'completed' });
    expect(last.output[0].content[0].text).toBe('Hello there.');
    expect(new Set(events.flatMap(({ data }) => data.response?.id ?? []))).toEqual(new Set([last.id]));
  });

  const look = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} };
  const ofClaude = named(
    messageStart(),
    ...block(
      0,
      look,
      { type: 'input_json_delta', partial_json: '{"at":' },
      { type: 'input_json_delta', partial_json: '1}' },
    ),
    ...block(1, { ...look, id: 'toolu_2', name: 'wait' }),
    ...messageEnd('tool_use'),
  );
  const ofLlama = lines(
    line({ tool_calls: [{ function: { name: 'look', arguments: { at: 1 } } }] }),
    line({ tool_calls: [{ function: { name: 'wait', arguments: {} } }] }),
    lastLine(),
  );

  it.each([
    ['claude', streamsEvents(ofClaude)],
    ['llama', streamsLines(ofLlama)],
  ])(
    '11: tells calls with their arguments in pieces and whole, without arguments too (%s)',
    async (model, behaviour) => {
      const tools = [{ type: 'function', name: 'look', parameters: {} }];
      const { events } = await stream(model, behaviour, { tools });
      const done = events.filter(({ data }) => data.type === 'response.function_call_arguments.done');
      expect(done.map(({ data }) => [data.output_index, data.name, data.arguments])).toEqual([
        [0, 'look', '{"at":1}'],
        [1, 'wait', '{}'],
      ]);
      for (const { data } of done) {
        const pieces = events.filter(
          (event) => /arguments.delta$/.test(event.data.type) && event.data.item_id === data.item_id,
        );
        expect(pieces.map((event) => event.data.delta).join('')).toBe(data.arguments);
      }
      expect(events.at(-1)?.data.response.output).toMatchObject([
        { type: 'function_call', status: 'completed', call_id: expect.stringMatching(/./), name: 'look' },
        {
          type: 'function_call',
          status: 'completed',
          call_id: expect.stringMatching(/./),
          name: 'wait',
          arguments: '{}',
        },
      ]);
    },
  );

  it('11: tells thoughts as a summary, where reasoning was asked for', async () => {
    const thinking = block(0, { type: 'thinking', thinking: '' }, { type: 'thinking_delta', thinking: 'Hm' });
    const given = named(messageStart(), ...thinking, ...block(1, { type: 'text', text: 'Yes' }), ...messageEnd());
    const { events } = await stream('claude', streamsEvents(given), { reasoning: { effort: 'low' } });
    expect(typesOf(events).filter((type) => type.includes('reasoning'))).toEqual([
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
    ]);
    expect(events.at(-1)?.data.response.output.map(({ type }: Any) => type)).toEqual(['reasoning', 'message']);
    const plain = await stream('claude', streamsEvents(given));
    expect(plain.raw).not.toContain('"reasoning_summary');
  });

  it.each([
    ['max_tokens', 'max_output_tokens'],
    ['refusal', 'content_filter'],
  ])('11: ends incomplete after %s, and says why', async (stop, reason) => {
    const { events } = await stream('claude', streamsEvents(named(messageStart(), ...says('Hi'), ...messageEnd(stop))));
    expect(events.at(-1)?.data).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason } },
    });
  });

  it.each([
    [
      'claude',
      streamsEvents(
        named(messageStart(), ...says('Hi'), { type: 'error', error: { type: 'api_error', message: 'It broke' } }),
      ),
    ],
    ['llama', streamsLines(lines(line({ content: 'Hi' }), { error: 'It broke' }))],
    ['claude', streamsEvents(named(messageStart(), ...says('Hi')))],
  ])('11: that breaks ends in an error, and nothing looks complete (%s)', async (model, behaviour) => {
    const { response: answer, events } = await stream(model, behaviour);
    expect(answer.status).toBe(200);
    expect(typesOf(events)).toContain('error');
    expect(events.find(({ data }) => data.type === 'error')?.data).toMatchObject({
      message: expect.any(String),
      code: expect.any(String),
      param: null,
    });
    expect(typesOf(events).join(' ')).not.toMatch(/response.(?:completed|incomplete)/);
    expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, n) => n));
    expect(await one.outcomeOf(answer)).toMatchObject({ status: 'failed' });
  });
});

describe('a stream of an upstream that speaks the dialect', () => {
  it('11: passes byte by byte, whatever is in it', async () => {
    const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
    const given = numbered(
      { type: 'response.queued', response: response({ status: 'queued', output: [], usage: null }) },
      ...begun,
      piece('Hello'),
      { type: 'response.refusal.delta', ...place, delta: 'no' },
      { type: 'response.refusal.done', ...place, refusal: 'no' },
      {
        type: 'response.reasoning_summary_text.delta',
        item_id: 'rs_1',
        output_index: 1,
        summary_index: 0,
        delta: 'Hm',
      },
      { type: 'response.web_search_call.searching', item_id: 'ws_1', output_index: 2 },
      { type: 'response.future', more: 1.5 },
      ended(),
    );
    const { response: answer, raw } = await stream('gpt', streamsEvents(`: hello\n\n${given}`));
    expect(raw).toBe(`: hello\n\n${given}`);
    expect(await one.outcomeOf(answer)).toMatchObject({ status: 'ok', usage: { input: 11, output: 7 } });
  });

  it('11: that breaks off ends in an error event whose number goes on', async () => {
    const given = numbered(...begun, piece('Hello'));
    const { response: answer, raw, events } = await stream('gpt', streamsEvents(given));
    expect(raw.startsWith(given)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'error', data: { type: 'error', sequence_number: 4 } });
    expect(await one.outcomeOf(answer)).toMatchObject({ status: 'failed' });
  });
});

describe('usage', () => {
  it('12: passes as it is, and is priced with its cached part', async () => {
    const usage = {
      ...USAGE,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens_details: { reasoning_tokens: 5 },
    };
    const body = response({ usage });
    const answer = await ask('gpt', tells(body));
    expect(await answer.json()).toEqual(body);
    expect((await one.outcomeOf(answer)).usage).toEqual({ input: 11, output: 7, cacheRead: 4, reasoning: 5 });
    const { response: streamed } = await stream(
      'gpt',
      streamsEvents(numbered(...begun, piece('Hi'), ended('completed', { usage }))),
    );
    expect((await one.outcomeOf(streamed)).usage).toEqual({ input: 11, output: 7, cacheRead: 4, reasoning: 5 });
  });

  it('12: is told with all its fields, the cache a part of the input', async () => {
    const usage = {
      input_tokens: 5,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 3,
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 2 },
    };
    const told = {
      input_tokens: 12,
      input_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 19,
    };
    expect((await whole('claude', message([{ type: 'text', text: 'Hi' }], 'end_turn', usage))).usage).toEqual(told);
    const given = named(messageStart({ ...usage, output_tokens: 1 }), ...says('Hi'), ...messageEnd('end_turn', usage));
    expect((await stream('claude', streamsEvents(given))).events.at(-1)?.data.response.usage).toEqual(told);
    expect((await whole('llama', lastLine({ content: 'Hi' }))).usage).toMatchObject({
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 18,
    });
  });
});

it.each([
  { previous_response_id: 'resp_unknown' },
  { conversation: 'conv_1' },
  { input: [{ type: 'item_reference', id: 'msg_1' }] },
  { background: true },
])('13: %o is refused by a provider of another dialect, and nothing is lost in silence', async (state) => {
  const refused = await ask('claude', tells(message([])), state);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('stored state');
  expect(one.seen()).toHaveLength(0);
});

describe('state and proofs', () => {
  let upstream: MockProvider;
  let gateway: TestGateway;

  beforeEach(async () => {
    upstream = await startMockProvider(tells(response()));
    const account = (apiKey: string) => ({ kind: 'openai', baseUrl: upstream.baseUrl, apiKey });
    gateway = await startGateway({
      providers: {
        first: account('key-1'),
        second: account('key-2'),
        claude: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey: 'key-3' },
      },
      models: [
        {
          id: 'gpt',
          price: PRICE,
          upstreams: [
            { provider: 'first', model: 'gpt-up' },
            { provider: 'second', model: 'gpt-up' },
          ],
        },
        { id: 'other', provider: 'first', model: 'other-up', price: PRICE },
        { id: 'claude', provider: 'claude', model: 'claude-up', price: PRICE },
      ],
      routing: { default: 'gpt', strategy: 'static', fallbacks: ['other'] },
      retries: { max: 0 },
    });
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });

  const post = (body: object, headers: Readonly<Record<string, string>> = {}) =>
    gateway.post('/v1/responses', { model: 'auto', input: 'Hi', ...body }, headers);
  const seen = () =>
    upstream.requests.map(({ body, headers }) => ({ account: headers.authorization, ...JSON.parse(body) }));
  /** Answers with what is left for those who are not refused. */
  const refusing =
    (refuses: (request: SeenRequest) => boolean): Behaviour =>
    (request, answer) =>
      (refuses(request) ? tells({ error: { message: 'It broke' } }, 500) : tells(response()))(request, answer);
  const isFirst = ({ headers }: SeenRequest) => headers.authorization === 'Bearer key-1';

  const proof = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'enc' };
  const input = [
    { type: 'message', role: 'user', content: 'Hi' },
    proof,
    { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
    { type: 'message', role: 'user', content: 'And?' },
  ];
  /** Without the proof, and without the id that a provider would look for it by. */
  const stripped = input.filter((item) => item !== proof).map(({ id: _id, ...item }: Any) => item);

  it('13: an answer is gone on with at the account that keeps it, and nowhere else', async () => {
    upstream.behave(refusing(isFirst));
    const { id } = (await (await post({})).json()) as Any;
    upstream.behave(tells(response()));
    gateway.engine.runtime.memory.endCoolDowns();
    const before = upstream.requests.length;
    expect((await post({ previous_response_id: id })).status).toBe(200);
    upstream.behave(tells({ error: { message: 'It broke' } }, 500));
    expect((await post({ previous_response_id: id })).status).toBe(500);
    expect(seen().slice(before)).toMatchObject([
      { account: 'Bearer key-2', previous_response_id: id, model: 'gpt-up' },
      { account: 'Bearer key-2', previous_response_id: id },
    ]);
  });

  it('13: proofs of thoughts stay while the conversation stays with its model', async () => {
    const session = { 'x-signalbox-session': 's1' };
    for (let n = 0; n < 2; n++)
      expect((await post({ model: 'gpt', input }, session)).headers.get('x-signalbox-warnings')).toBeNull();
    expect(seen().map((body) => body.input)).toEqual([input, input]);
  });

  it('13: proofs are left out when the conversation moves to another model', async () => {
    const session = { 'x-signalbox-session': 's1' };
    await post({ model: 'gpt', input }, session);
    const moved = await post({ model: 'other', input }, session);
    expect(moved.headers.get('x-signalbox-warnings')).toBe('dropped:reasoning');
    expect(seen().at(-1)?.input).toEqual(stripped);
  });

  it('13: proofs are left out for another account, and for another model, that answers in the place of the first', async () => {
    upstream.behave(refusing(isFirst));
    expect((await post({ input })).headers.get('x-signalbox-warnings')).toBe('dropped:reasoning');
    upstream.behave(refusing(({ body }) => body.includes('gpt-up')));
    gateway.engine.runtime.memory.endCoolDowns();
    expect((await post({ input })).headers.get('x-signalbox-model')).toBe('other');
    expect(seen().map(({ account, model, input: sent }) => [account, model, sent])).toEqual([
      ['Bearer key-1', 'gpt-up', input],
      ['Bearer key-2', 'gpt-up', stripped],
      ['Bearer key-1', 'gpt-up', input],
      ['Bearer key-2', 'gpt-up', stripped],
      ['Bearer key-1', 'other-up', stripped],
    ]);
  });

  it('13: proofs are not translated', async () => {
    upstream.behave(tells(message([{ type: 'text', text: 'Hi' }])));
    const answer = await post({ model: 'claude', input });
    expect(answer.headers.get('x-signalbox-warnings')).toContain('dropped:messages.reasoning');
    expect(upstream.requests[0]?.body).not.toContain('enc');
  });

  const failed = response({
    status: 'failed',
    error: { code: 'server_error', message: 'It broke' },
    output: [],
    usage: null,
  });

  it('14: an answer that failed is none, whatever its status: the next one answers, and the breaker opens', async () => {
    upstream.behave((request, answer) => tells(isFirst(request) ? failed : response())(request, answer));
    for (let n = 0; n < 4; n++) expect(await (await post({})).json()).toMatchObject({ status: 'completed' });
    expect(upstream.requests.filter(isFirst)).toHaveLength(2);
  });

  it('14: a stream that failed is gone on with, and the breaker opens', async () => {
    const breaks = numbered(...begun, piece('Hello'), ended('failed', { error: failed.error }));
    const goesOn = numbered(...begun, piece('Hello'), piece(' there.'), ended());
    upstream.behave((request, answer) => streamsEvents(isFirst(request) ? breaks : goesOn)(request, answer));
    for (let n = 0; n < 4; n++) {
      const raw = await (await post({ stream: true })).text();
      const events = eventsOf(raw);
      expect(typesOf(events).filter((type) => /completed|failed|error/.test(type))).toEqual(['response.completed']);
      expect(events.map(({ data }) => data.delta ?? '').join('')).toBe('Hello there.');
    }
    expect(upstream.requests.filter(isFirst)).toHaveLength(2);
  });

  it('14: an answer that failed everywhere is an error', async () => {
    upstream.behave(tells(failed));
    const answer = await post({});
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({
      error: { type: 'api_error', message: expect.stringContaining('It broke') },
    });
  });

  it('14: work that goes on in the background is asked for once, and is no failure', async () => {
    const queued = response({ status: 'queued', background: true, output: [], usage: null });
    upstream.behave(tells(queued));
    for (let n = 0; n < 3; n++) {
      const told = await post({ background: true });
      expect([told.status, await told.json()]).toEqual([200, queued]);
    }
    expect(upstream.requests).toHaveLength(3);
    expect(upstream.requests.every(isFirst)).toBe(true);
  });

  it('14: an incomplete answer is one, and no failure', async () => {
    const incomplete = response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    upstream.behave(tells(incomplete));
    for (let n = 0; n < 4; n++) expect(await (await post({})).json()).toEqual(incomplete);
    const given = numbered(
      ...begun,
      piece('Hi'),
      ended('incomplete', { incomplete_details: { reason: 'content_filter' } }),
    );
    upstream.behave(streamsEvents(given));
    const streamed = await post({ stream: true });
    expect(await streamed.text()).toBe(given);
    expect(upstream.requests.every(isFirst)).toBe(true);
    const id = streamed.headers.get('x-signalbox-request-id') ?? '';
    expect(gateway.engine.runtime.recent.request(id)?.outcome).toMatchObject({
      status: 'ok',
      finishReason: 'content-filter',
    });
  });
});
