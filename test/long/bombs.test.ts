import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answers, completion, json } from '../mock-provider/mock-provider.ts';
import { CLIENT_DIALECTS } from '../support/dialects.ts';
import { asking } from '../support/gateway.ts';
import { startOneUpstream, type OneUpstream } from '../support/one-upstream.ts';

const MB = 1024 * 1024;
const MODELS = ['gpt', 'claude', 'llama'];

let one: OneUpstream;

beforeAll(async () => {
  one = await startOneUpstream({ server: { maxBody: '8MB' } });
});

beforeEach(() => {
  one.forget();
  one.upstream.behave(answers);
});

afterAll(() => one.close());

const send = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}) =>
  fetch(one.gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

/** The gateway still answers, and its provider is not to blame. */
const wellness = async () => (await one.gateway.chat(asking('Hi', { model: 'gpt' }))).status;

const deep = (n: number, open = '[', close = ']') => `${open.repeat(n)}${close.repeat(n)}`;
/** A JSON body with a text in place of one of its values. */
const withText = (body: object, name: string, text: string) =>
  JSON.stringify({ ...body, [name]: '@' }).replace('"@"', text);

describe('a body that is packed', () => {
  it.each(['gzip', 'deflate', 'br'])('as %s is not unpacked, however much is in it', async (encoding) => {
    const big = JSON.stringify(asking('a'.repeat(10 * MB), { model: 'gpt' }));
    const packed = { gzip: gzipSync(big), deflate: deflateSync(big), br: brotliCompressSync(big) }[encoding];
    for (const { path } of CLIENT_DIALECTS) {
      const response = await send(path, Uint8Array.from(packed ?? []), { 'content-encoding': encoding });
      expect(response.status).toBe(400);
      await response.text();
    }
    expect(one.seen()).toEqual([]);
    expect(await wellness()).toBe(200);
  });
});

describe('JSON that is', () => {
  const N = 100_000;
  const cases: readonly (readonly [string, (body: object) => string])[] = [
    ['deep in a field that nobody knows', (body) => withText(body, 'deep', deep(N))],
    ['deep in objects', (body) => withText(body, 'deep', `${'{"a":'.repeat(N)}1${'}'.repeat(N)}`)],
    ['deep in metadata', (body) => withText(body, 'metadata', deep(N))],
    ['deep in tools', (body) => withText(body, 'tools', deep(N))],
    [
      'deep in a schema',
      (body) => withText(body, 'response_format', `{"type":"json_schema","json_schema":${deep(N)}}`),
    ],
    ['deep in messages', (body) => withText(body, 'messages', deep(N))],
    ['deep in input', (body) => withText(body, 'input', deep(N))],
    ['deep in content', (body) => withText(body, 'messages', `[{"role":"user","content":${deep(N)}}]`)],
    [
      'deep in arguments of a tool',
      (body) =>
        withText(
          body,
          'messages',
          `[{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":${deep(N)}}}]}]`,
        ),
    ],
    ['deep and broken', () => '['.repeat(N)],
    ['deep, broken, in objects', () => '{"a":'.repeat(N)],
    [
      'of thousands of members',
      (body) => withText(body, 'metadata', `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`).join(',')}}`),
    ],
    [
      'of thousands of members at the top',
      (body) =>
        `${JSON.stringify(body).slice(0, -1)},${Array.from({ length: 20_000 }, (_, i) => `"k${i}":0`).join(',')}}`,
    ],
    [
      'of thousands of messages',
      (body) =>
        withText(
          body,
          'messages',
          `[${Array.from({ length: 20_000 }, () => '{"role":"user","content":"a"}').join(',')}]`,
        ),
    ],
    [
      'of thousands of tools',
      (body) =>
        withText(
          body,
          'tools',
          `[${Array.from({ length: 10_000 }, () => '{"type":"function","function":{"name":"a"}}').join(',')}]`,
        ),
    ],
    ['of huge numbers', (body) => withText({ ...body, seed: 1 }, 'temperature', '9'.repeat(MB / 4))],
    ['of escapes', (body) => withText(body, 'user', `"${'\\u0000'.repeat(MB / 4)}"`)],
    ['one key thousands of times', (body) => `${JSON.stringify(body).slice(0, -1)}${',"model":"gpt"'.repeat(30_000)}}`],
    ['of a long model name', (body) => withText(body, 'model', `"${'a'.repeat(2 * MB)}"`)],
    ['of a long model name in percent', (body) => withText(body, 'model', `"${'%25'.repeat(MB)}"`)],
  ];

  it.each(cases)(
    '%s is answered and harms nobody',
    async (_name, write) => {
      for (const { path, body } of CLIENT_DIALECTS) {
        for (const model of MODELS) {
          const response = await send(path, write({ ...body('Hi', false), model }));
          const told = await response.text();
          // Refused here, by the provider, or answered; never an accident.
          expect(response.status, `${path} ${model} ${told.slice(0, 200)}`).not.toBe(500);
          one.gateway.engine.runtime.memory.endCoolDowns();
        }
      }
      expect(await wellness()).toBe(200);
    },
    30_000,
  );
});

describe('names of JavaScript’s own', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

  it('in bodies, headers and paths change nothing for anybody', async () => {
    for (const name of NAMES) {
      const evil = `{"${name}":{"model":"claude","admin":true,"polluted":1,"messages":[{"role":"user","content":"x"}]},`;
      for (const { path, body } of CLIENT_DIALECTS) {
        for (const model of MODELS) {
          await (await send(path, evil + JSON.stringify({ ...body('Hi', false), model }).slice(1))).text();
          const tools = [{ type: 'function', function: { name, parameters: { type: 'object', properties: {} } } }];
          await (await send(path, JSON.stringify({ ...body('Hi', false), model, tools }))).text();
        }
        await (await send(path, JSON.stringify({ ...body('Hi', false), model: name }))).text();
      }
      for (const header of ['x-signalbox-role', 'x-signalbox-session', 'x-signalbox-user', 'x-signalbox-strategy']) {
        await (await one.gateway.chat(asking('Hi', { model: 'gpt' }), { [header]: name })).text();
      }
      const tags = { 'x-signalbox-tags': `${name}=1,a=${name}` };
      expect((await one.gateway.chat(asking('Hi', { model: 'gpt' }), tags)).status).toBe(200);
      for (const path of [`/${name}`, `/ui/${name}`, `/v1/models/${name}`, `/router/v1/decisions/${name}`]) {
        expect((await one.gateway.get(path)).status).toBe(404);
      }
      expect((await one.gateway.get(`/role/${name}/v1/models`)).status).toBe(404);
      expect((await one.gateway.get(`/router/v1/usage?by=${name}&bucket=${name}`)).status).toBe(400);
    }
    expect(Object.prototype).not.toHaveProperty('polluted');
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    await one.gateway.engine.ledger.flush();
    const usage = await (await one.gateway.get('/router/v1/usage?by=tag')).json();
    expect(JSON.stringify(usage)).toContain('"__proto__=1"');
  });
});

describe('an answer of a provider that is', () => {
  const bomb = gzipSync(Buffer.alloc(100 * MB, 0x20));

  it.each(MODELS)('packed is not unpacked (%s)', async (model) => {
    one.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bomb);
    });
    for (const { path, body } of CLIENT_DIALECTS) {
      for (const stream of [false, true]) {
        one.gateway.engine.runtime.memory.endCoolDowns();
        const response = await one.gateway.post(path, { ...body('Hi', stream), model });
        expect(response.status).toBe(502);
        expect((await response.text()).length).toBeLessThan(2000);
      }
    }
  });

  it.each(MODELS)(
    'deep is answered with an error or as it is (%s)',
    async (model) => {
      const N = 100_000;
      for (const body of [
        `{"error":${deep(N)}}`,
        completion().replace('"Hello there."', deep(N)),
        `{"content":${deep(N)},"usage":${deep(N)},"message":${deep(N)}}`,
      ]) {
        for (const status of [200, 400]) {
          one.upstream.behave(json(body, status));
          for (const dialect of CLIENT_DIALECTS) {
            for (const stream of [false, true]) {
              one.gateway.engine.runtime.memory.endCoolDowns();
              const response = await one.gateway.post(dialect.path, { ...dialect.body('Hi', stream), model });
              const told = await response.text();
              expect(response.status, told.slice(0, 300)).not.toBe(500);
            }
          }
        }
      }
      one.upstream.behave(answers);
      one.gateway.engine.runtime.memory.endCoolDowns();
      expect(await wellness()).toBe(200);
    },
    30_000,
  );
});

describe('a form', () => {
  it('that names its model over and over is read once', async () => {
    one.upstream.behave(json('{"text":"Hi"}'));
    const field = 'Content-Disposition: form-data; name="model"\r\n';
    const headers = { 'content-type': 'multipart/form-data; boundary=a', 'x-signalbox-provider': 'openai' };
    for (const body of [field.repeat(4000), 'name="model"\r\na\r\n'.repeat(5000), '\r\n'.repeat(30_000), field]) {
      const response = await send('/v1/audio/transcriptions', `--a\r\n${body}`, headers);
      expect(await response.json()).toEqual({ text: 'Hi' });
    }
  });
});
