import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, bodyOf, hear } from './client.ts';
import { startFaultServer, type FaultServer, type WireName } from './server.ts';
import { WIRES } from './wires/registry.ts';

const NAMES = Object.keys(WIRES) as readonly WireName[];
const CONTINUING = NAMES.filter((name) => WIRES[name].continues);

let server: FaultServer;
beforeEach(async () => {
  server = await startFaultServer();
});
afterEach(() => server.close());

const urlOf = (wire: WireName) => `${server.url}${WIRES[wire].base}${WIRES[wire].path}`;
const post = (wire: WireName, stream: boolean, init: RequestInit = {}) =>
  fetch(urlOf(wire), {
    method: 'POST',
    headers: { 'anthropic-version': '2023-06-01', 'x-api-key': 'k' },
    body: JSON.stringify(bodyOf(wire, { stream })),
    ...init,
  });
const POLL = { interval: 1 };
const seen = (count: number) => expect.poll(() => server.calls.length, POLL).toBe(count);

describe.each(CONTINUING)('%s: an assistant’s message at the end', (wire) => {
  it('is gone on with: both parts together are the text, wherever the first one ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: server.text.length }), fc.boolean(), async (end, stream) => {
        const said = server.text.slice(0, end).trimEnd();
        const { body } = await ask(server, wire, { stream, said });
        const { text, finished, output } = hear(body, stream);
        expect(said + text).toBe(server.text);
        expect([finished, output]).toEqual([true, text === '' ? 0 : text.trim().split(' ').length]);
      }),
      { numRuns: 20 },
    );
  });

  it('is no beginning of the text: the answer is all of it', async () => {
    const { body } = await ask(server, wire, { stream: true, said: 'Another story' });
    expect(hear(body, true).text).toBe(server.text);
  });

  it('is cut too: the rest of the rest', async () => {
    const said = server.tokens.slice(0, 40).join('');
    server.next({ kind: 'cut', after: 5 });
    const { body } = await ask(server, wire, { stream: true, said });
    expect(hear(body, true).text).toBe(server.tokens.slice(40, 45).join(''));
  });
});

describe.each(NAMES)('%s', (wire) => {
  it('may refuse an assistant’s message at the end, and answers from the beginning without', async () => {
    server.always({ kind: 'rejects-prefill' });
    for (const stream of [true, false]) {
      const refused = await ask(server, wire, { stream, said: 'word0' });
      expect(refused.status).toBe(400);
      expect(refused.body).toMatch(/prefill/);
      const { body } = await ask(server, wire, { stream });
      expect(hear(body, stream).text).toBe(server.text);
    }
  });

  it('may take it, and answer from the beginning all the same', async () => {
    server.always({ kind: 'ignores-prefill' });
    const { body } = await ask(server, wire, { stream: true, said: 'word0' });
    expect(hear(body, true).text).toBe(server.text);
  });

  it('is silent until the client hangs up, which is seen', async () => {
    server.always({ kind: 'silent' });
    const controller = new AbortController();
    const asked = post(wire, true, { signal: controller.signal });
    await seen(1);
    expect([server.inFlight, server.calls[0]?.closedByClient]).toEqual([1, false]);
    controller.abort();
    await expect(asked).rejects.toThrow('aborted');
    await server.calls[0]?.over;
    expect([server.inFlight, server.calls[0]?.closedByClient]).toEqual([0, true]);
  });

  it('answers fetch again and again', async () => {
    for (const stream of [true, false, true]) {
      const response = await post(wire, stream);
      expect(hear(await response.text(), stream)).toMatchObject({ text: server.text, finished: true });
    }
    expect(server.calls.map(({ path, body }) => [path, body['model']])).toEqual(
      Array.from({ length: 3 }, () => [WIRES[wire].base + WIRES[wire].path, 'm1']),
    );
    expect(server.calls[0]?.headers).toMatchObject({ 'anthropic-version': '2023-06-01', 'x-api-key': 'k' });
  });

  it('makes fetch fail where the answer breaks off', async () => {
    server.next({ kind: 'reset' }, { kind: 'garbage' });
    await expect(post(wire, true)).rejects.toThrow('fetch failed');
    await expect(post(wire, true)).rejects.toThrow('fetch failed');
    for (const kind of ['cut', 'cut-body', 'garbage'] as const) {
      server.next(kind === 'cut-body' ? { kind } : { kind, after: 3 });
      const response = await post(wire, true);
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow('terminated');
    }
  });
});

describe('faults', () => {
  const statuses = async (count: number) => {
    const all: number[] = [];
    for (let n = 0; n < count; n++) {
      const response = await post('openai-chat', false);
      await response.text();
      all.push(response.status);
    }
    return all;
  };

  it('of `next` come first and once, then that of `always`', async () => {
    server.always({ kind: 'auth' });
    server.next({ kind: 'error-500' }, { kind: 'ok' });
    server.next({ kind: 'busy' });
    expect(await statuses(5)).toEqual([500, 200, 429, 401, 401]);
    expect(server.calls.map(({ fault }) => fault)).toEqual(['error-500', 'ok', 'busy', 'auth', 'auth']);
  });

  it('are kept for calls that are meant', async () => {
    server.next({ kind: 'error-500' });
    const models = await fetch(`${server.url}/v1/models`);
    expect(models.status).toBe(404);
    await models.text();
    expect(await statuses(2)).toEqual([500, 200]);
  });
});

describe('the server', () => {
  it('counts the calls in flight, and the most of them', async () => {
    server.always({ kind: 'stall', after: 1 });
    const controller = new AbortController();
    const asked = NAMES.map((wire) => post(wire, true, { signal: controller.signal }));
    await Promise.all(asked);
    expect([server.inFlight, server.maxInFlight]).toEqual([4, 4]);
    controller.abort();
    await Promise.all(server.calls.map(({ over }) => over));
    server.always({ kind: 'ok' });
    await (await post('ollama', true)).text();
    expect([server.inFlight, server.maxInFlight]).toEqual([0, 4]);
  });

  it('leaves no socket and no timer when it is closed', async () => {
    const other = await startFaultServer();
    other.next({ kind: 'stall', ms: 60_000 }, { kind: 'silent' }, { kind: 'slow-first-token', ms: 60_000 });
    const asked = NAMES.map((wire) => ask(other, wire, { stream: true, headers: { connection: 'keep-alive' } }));
    await expect.poll(() => other.calls.length, POLL).toBe(4);
    expect([other.openSockets, other.openTimers, other.inFlight]).toEqual([4, 2, 3]);
    await other.close();
    expect([other.openSockets, other.openTimers, other.inFlight]).toEqual([0, 0, 0]);
    await Promise.all(asked);
  });

  it('does not take a closed server for a client that hangs up', async () => {
    const other = await startFaultServer();
    other.always({ kind: 'silent' });
    const asked = ask(other, 'anthropic', { stream: true });
    await expect.poll(() => other.calls.length, POLL).toBe(1);
    await other.close();
    await asked;
    expect(other.calls[0]?.closedByClient).toBe(false);
  });

  it('refuses connections for a while, and accepts them again at the same place', async () => {
    await (await post('ollama', false)).text();
    await server.refuse();
    expect((await ask(server, 'ollama', { stream: false })).error).toBe('ECONNREFUSED');
    await server.accept();
    expect((await ask(server, 'ollama', { stream: false })).status).toBe(200);
    await server.refuse(5);
    await expect.poll(async () => (await ask(server, 'ollama', { stream: false })).status).toBe(200);
  });

  it('may be closed while it refuses', async () => {
    await server.refuse(60_000);
    expect(server.openTimers).toBe(1);
  });

  it('speaks one wire if told to', async () => {
    const one = await startFaultServer({ wire: 'anthropic', text: 'Grüße, Welt!  Ende. ' });
    expect(one.baseUrl).toBe(`${one.url}/v1`);
    expect((await ask(one, 'ollama', { stream: true })).status).toBe(404);
    const { body } = await ask(one, 'anthropic', { stream: true });
    expect(hear(body, true).text).toBe(one.text);
    expect(one.tokens).toEqual(['Grüße,', ' Welt!', '  Ende. ']);
    await one.close();
  });

  it('takes requests in any pieces, and many in one', async () => {
    const body = JSON.stringify(bodyOf('ollama', { stream: false }));
    const request = `POST /api/chat HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let bytes = '';
    socket.setEncoding('utf8').on('data', (part) => (bytes += String(part)));
    socket.write(request + request + request.slice(0, 30));
    await seen(2);
    socket.write(request.slice(30));
    await seen(3);
    await expect.poll(() => bytes.split('"done":true').length, POLL).toBe(4);
    socket.destroy();
  });

  it('says what it finds wrong with a request, in the provider’s words', async () => {
    const refusal = async (wire: WireName, init: RequestInit) => await (await post(wire, true, init)).text();
    expect(await refusal('openai-chat', { body: '{' })).toMatch(/could not parse the JSON body/);
    expect(await refusal('anthropic', { headers: {} })).toMatch(/anthropic-version: header is required/);
    expect(await refusal('anthropic', { body: '{"model":"m1"}' })).toMatch(/max_tokens: Field required/);
    const trailing = JSON.stringify(bodyOf('anthropic', { stream: true, said: 'word0 ' }));
    expect(await refusal('anthropic', { body: trailing })).toMatch(/cannot end with trailing whitespace/);
  });
});
