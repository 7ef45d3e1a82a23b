import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { estimateTokens } from '../../src/query/tokens.ts';
import { json, startMockProvider, type Behaviour, type MockProvider } from '../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({
    providers: { claude: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey: 'k' } },
    models: [
      {
        id: 'claude',
        provider: 'claude',
        price: {
          input: 3,
          output: 15,
          cacheRead: 0.3,
          cacheWrite: 3.75,
          tiers: [{ above: 200_000, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite: 7.5 }],
        },
      },
    ],
    retries: { max: 1, wait: '1s' },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** The beginning of an answer, as Claude tells it: its input is known from the first event on. */
const beginning = (usage: object, text: string) =>
  event('message_start', {
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [], usage },
  }) +
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });

const ending = (usage: object) =>
  event('content_block_stop', { index: 0 }) +
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage }) +
  event('message_stop', {});

const TEXT = 'Reykjavik is the capital of Iceland.';
const STARTED = {
  input_tokens: 100,
  cache_read_input_tokens: 50,
  cache_creation_input_tokens: 30,
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
  output_tokens: 1,
};

function streams(text: string, end: 'hangs' | 'breaks' | 'ends'): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
    if (end === 'ends') response.end();
    if (end === 'breaks') setImmediate(() => response.socket?.destroy());
  };
}

const ask = (signal?: AbortSignal) =>
  fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude',
      max_tokens: 100,
      stream: true,
      messages: [{ role: 'user', content: 'What is the capital of Iceland?' }],
    }),
    ...(signal === undefined ? {} : { signal }),
  });

async function outcomeOf(response: Response) {
  const id = response.headers.get('x-signalbox-request-id') ?? '';
  await expect
    .poll(async () => (await gateway.engine.ledger.flush(), (await gateway.engine.ledger.store.entry(id))?.outcome))
    .toBeDefined();
  const entry = await gateway.engine.ledger.store.entry(id);
  if (entry?.outcome === undefined) throw new Error('the request is not settled');
  return entry.outcome;
}

/** 100×3 + 50×0.3 + 10×3.75 + 20×6 micro-dollars: what the provider told of the input. */
const INPUT = 472_500n;

describe('a stream that ended early', () => {
  it('because its reader left: the input as the provider told it, the output that was seen', async () => {
    upstream.behave(streams(beginning(STARTED, TEXT), 'hangs'));
    const left = new AbortController();
    const response = await ask(left.signal);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; !text.includes(TEXT);) text += (await reader?.read())?.value ?? '';
    left.abort();
    const outcome = await outcomeOf(response);
    const output = estimateTokens(TEXT);
    expect(outcome).toMatchObject({
      status: 'cancelled',
      usage: { input: 180, cacheRead: 50, cacheWrite: 30, cacheWriteHour: 20, output, estimated: true },
      cost: INPUT + BigInt(output) * 15_000n,
    });
  });

  it('because it broke: the same', async () => {
    upstream.behave(streams(beginning(STARTED, TEXT), 'breaks'));
    const response = await ask();
    await response.text();
    const { attempts, cost } = await outcomeOf(response);
    const output = estimateTokens(TEXT);
    // It is asked for the rest, which breaks off, too.
    expect(attempts.length).toBeGreaterThan(0);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ usage: { input: 180, estimated: true }, cost: INPUT + BigInt(output) * 15_000n });
    }
    expect(cost).toBe(BigInt(attempts.length) * (INPUT + BigInt(output) * 15_000n));
  });

  it('after its usage was told: exact, and not an estimate', async () => {
    upstream.behave(streams(beginning(STARTED, TEXT) + ending({ output_tokens: 9 }), 'hangs'));
    const left = new AbortController();
    const response = await ask(left.signal);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; !text.includes('message_stop');) text += (await reader?.read())?.value ?? '';
    left.abort();
    const outcome = await outcomeOf(response);
    expect(outcome.cost).toBe(INPUT + 9n * 15_000n);
    expect(outcome.usage?.estimated).toBeUndefined();
  });
});

describe('a whole stream', () => {
  it('of more than 200 000 tokens in is charged at the tier as a whole', async () => {
    const usage = { ...STARTED, input_tokens: 199_921 };
    upstream.behave(streams(beginning(usage, TEXT) + ending({ output_tokens: 10 }), 'ends'));
    const response = await ask();
    await response.text();
    // 199 921×6 + 50×0.6 + 10×7.5 + 20×12 + 10×22.5 micro-dollars: 200 001 tokens in
    expect((await outcomeOf(response)).cost).toBe(1_200_096_000n);
    upstream.behave(
      streams(beginning({ ...usage, input_tokens: 199_920 }, TEXT) + ending({ output_tokens: 10 }), 'ends'),
    );
    const at = await ask();
    await at.text();
    // 199 920×3 + 50×0.3 + 10×3.75 + 20×6 + 10×15
    expect((await outcomeOf(at)).cost).toBe(600_082_500n);
  });

  it('after a call that failed: what the failed one certainly did not cost is 0', async () => {
    let calls = 0;
    upstream.behave((request, response) => {
      calls += 1;
      const refused = json('{"type":"error","error":{"type":"api_error","message":"no"}}', 500);
      const told = streams(beginning(STARTED, TEXT) + ending({ output_tokens: 9 }), 'ends');
      return (calls === 1 ? refused : told)(request, response);
    });
    const response = await ask();
    await response.text();
    const { attempts, cost } = await outcomeOf(response);
    expect(attempts.map((attempt) => attempt.cost)).toEqual([0n, INPUT + 135_000n]);
    expect(cost).toBe(INPUT + 135_000n);
  });
});
