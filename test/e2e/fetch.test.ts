import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../../src/gateway/app.ts';
import { openAccess } from '../../src/gateway/open-access.ts';
import {
  answers,
  chunkEvent,
  hangs,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

const ORIGIN = 'https://page.example';
let upstream: MockProvider;
let served: TestGateway;
let gateway: Gateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  served = await startGateway({
    ...twoModels(upstream.baseUrl),
    server: { maxBody: '1KB' },
    auth: { origins: [ORIGIN] },
  });
  const { engine } = served;
  gateway = createGateway({
    engine,
    access: openAccess(engine),
    draining: () => false,
    closing: new AbortController().signal,
  });
});

afterEach(async () => {
  await served.close();
  await upstream.close();
});

function request(body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  const init = { method: 'POST', headers: { host: '127.0.0.1', ...headers }, duplex: 'half' } as const;
  const text = body instanceof ReadableStream ? body : JSON.stringify(body);
  return new Request('http://127.0.0.1/v1/chat/completions', { ...init, body: text });
}

/** Headers that Node's server adds to every response. */
const NODE = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding', 'content-length']);

async function told(response: Response) {
  const names = [...response.headers.keys()].filter((name) => !NODE.has(name));
  return { status: response.status, names: names.sort(), body: await response.text() };
}

describe('the gateway as a Fetch function', () => {
  it.each([
    ['an answer', asking('Hi'), {}, answers],
    ['a stream', asking('Hi', { stream: true }), {}, answers],
    ['an answer to a listed page', asking('Hi'), { origin: ORIGIN }, answers],
    ['a foreign page', asking('Hi'), { origin: 'https://evil.example' }, answers],
    ['an unknown model', asking('Hi', { model: 'nosuch' }), {}, answers],
    ['a body over the limit', asking('x'.repeat(5000)), {}, answers],
    ['a refusal', asking('Hi'), {}, json('{"error":{"message":"no"}}', 400, { 'x-request-id': 'up-1' })],
  ])('says what the server says: %s', async (_name, body, headers, behaviour) => {
    upstream.behave(behaviour);
    const here = await told(await gateway(request(body, headers)));
    expect(here).toEqual(await told(await served.chat(body, headers)));
  });

  it('sends the upstream what the server sends it', async () => {
    const headers = {
      'anthropic-beta': 'a,b',
      'openai-organization': 'org-1',
      'openai-new-thing': 'x',
      'anthropic-api-key': 'sk-caller',
      'x-other-thing': 'y',
    };
    await gateway(request(asking('Hi'), headers));
    await served.chat(asking('Hi'), headers);
    const sent = upstream.requests.map((seen) =>
      Object.entries(seen.headers).filter(([name]) => /^(?:openai|anthropic|x)-/.test(name)),
    );
    expect(sent[0]).toEqual([
      ['anthropic-beta', 'a,b'],
      ['openai-new-thing', 'x'],
      ['openai-organization', 'org-1'],
    ]);
    expect(new Map(sent[1])).toEqual(new Map(sent[0]));
  });

  it('reads no more of a body than it takes', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(600));
      },
    });
    expect((await gateway(request(body))).status).toBe(413);
    expect(pulled).toBeLessThan(9);
  });

  it('takes a body that breaks off for a client that left', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) });
    expect(await (await gateway(request(body))).json()).toMatchObject({ error: { code: 'client_closed' } });
  });

  it('ends the upstream call of a stream that is cancelled before it is read', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n');
    });
    const response = await gateway(request(asking('Hi', { stream: true })));
    await response.body?.cancel();
    await upstream.requests[0]?.closed;
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    expect(served.engine.runtime.recent.request(id)?.outcome).toMatchObject({ status: 'cancelled' });
  });

  const outcomeOf = (id: string) => served.engine.runtime.recent.request(id)?.outcome;
  const begins: Behaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkEvent({ content: 'Hi' }));
  };
  const aborted = (stream: boolean) => {
    const left = new AbortController();
    const asked = gateway(new Request(request(asking('Hi', { stream })), { signal: left.signal }));
    return { left, asked };
  };

  it.each([
    ['a whole answer', false],
    ['a stream before its first event', true],
  ])('ends the upstream call of %s when the request is aborted', async (_name, stream) => {
    upstream.behave(hangs);
    const { left, asked } = aborted(stream);
    await expect.poll(() => upstream.requests.length).toBe(1);
    left.abort();
    const response = await asked;
    expect(await response.json()).toMatchObject({ error: { code: 'client_closed' } });
    await upstream.requests[0]?.closed;
    expect(outcomeOf(response.headers.get('x-signalbox-request-id') ?? '')).toMatchObject({
      status: 'cancelled',
      attempts: [{ failure: 'gone' }],
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([
    ['is not read', async (_reader: Reader) => {}],
    ['is being read', async (reader: Reader) => void (await reader.read())],
  ])('ends the upstream call of a stream that %s when the request is aborted', async (_name, before) => {
    upstream.behave(begins);
    const { left, asked } = aborted(true);
    const response = await asked;
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error('no body');
    await before(reader);
    const next = reader.read();
    left.abort();
    await expect(Promise.all([next, reader.read()])).rejects.toThrowError(/aborted/);
    await upstream.requests[0]?.closed;
    await expect
      .poll(() => outcomeOf(response.headers.get('x-signalbox-request-id') ?? ''))
      .toMatchObject({ status: 'cancelled' });
  });

  it('ends the upstream call of a stream that is cancelled in the middle of a read', async () => {
    upstream.behave(begins);
    const response = await gateway(request(asking('Hi', { stream: true })));
    const reader = response.body?.getReader();
    await reader?.read();
    const next = reader?.read();
    await reader?.cancel();
    expect(await next).toMatchObject({ done: true });
    await upstream.requests[0]?.closed;
    await expect
      .poll(() => outcomeOf(response.headers.get('x-signalbox-request-id') ?? ''))
      .toMatchObject({ status: 'cancelled' });
  });

  it('ends the upstream call that was to go on with a stream that is cancelled', async () => {
    upstream.behave((seen, response) => {
      if (upstream.requests.length > 1) return hangs(seen, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'Hi' }));
      setImmediate(() => response.destroy());
    });
    const response = await gateway(request(asking('Hi', { stream: true })));
    const reader = response.body?.getReader();
    await reader?.read();
    const next = reader?.read();
    await expect.poll(() => upstream.requests.length).toBe(2);
    await reader?.cancel();
    await next;
    await upstream.requests[1]?.closed;
    expect(upstream.requests).toHaveLength(2);
    expect(served.engine.runtime.recent.inFlight).toBe(0);
  });
});
