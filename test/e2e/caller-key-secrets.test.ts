import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/telemetry/log.ts';
import { json, streamEvents, type Behaviour } from '../mock-provider/mock-provider.ts';
import { startCallersHosts, type CallersHosts } from '../support/caller-keys.ts';
import { asking } from '../support/gateway.ts';
import { line, lines, messageStart, named } from '../support/one-upstream.ts';

/** No eight characters of it stand anywhere else. */
const KEY = 'sk-live-Zq7/Xw+9"Kd&Vb<0Tj>Pm3-Ly8Rf5Hc';
const OURS = 'sb-Wn4Gx8Qe2Us6Ai0Bo';
const parts = [KEY.slice(8, 16), KEY.slice(12, 20), KEY.slice(-10)];
const hashes = (['hex', 'base64', 'base64url'] as const).flatMap((form) =>
  [KEY, `Bearer ${KEY}`].map((text) => createHash('sha256').update(text).digest(form)),
);
const SECRETS = [
  KEY,
  OURS,
  ...parts,
  ...hashes,
  JSON.stringify(KEY).slice(1, -1),
  Buffer.from(KEY).toString('base64').slice(4, 24),
  encodeURIComponent(KEY),
];

let all: CallersHosts;
const logged: string[] = [];
let events = '';
const stop = new AbortController();

beforeAll(async () => {
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line));
  const log: Log = { debug: write, info: write, warn: write, error: write };
  all = await startCallersHosts(
    () => ({
      auth: { mode: 'required', keys: [{ name: 'ann', key: OURS, admin: true }] },
      storage: { prompts: 'full' },
      cache: { tier: 'store' },
      routing: { default: 'own', fallbacks: [], cache: { ttl: '1h' }, expose: 'body' },
    }),
    { log },
  );
  const stream = await fetch(`${all.gateway.url}/router/v1/events`, {
    headers: { 'x-signalbox-key': OURS },
    signal: stop.signal,
  });
  void (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of stream.body ?? []) events += decoder.decode(bytes, { stream: true });
    } catch {
      // It is ended by the test.
    }
  })();
});

beforeEach(() => all.gateway.engine.runtime.memory.endCoolDowns());

afterAll(async () => {
  stop.abort();
  await all.close();
});

const head = (name: string) => ({ [name]: name === 'authorization' ? `Bearer ${KEY}` : KEY, 'x-signalbox-key': OURS });

/** In pieces that end anywhere. */
const pieces =
  (type: string, text: string): Behaviour =>
  async (_request, response) => {
    response.writeHead(200, { 'content-type': type });
    for (let at = 0; at < text.length; at += 13) {
      response.write(text.slice(at, at + 13));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };

const words = {
  plain: `bad header authorization: Bearer ${KEY}`,
  abbreviated: `Incorrect API key provided: ${KEY.slice(0, 12)}********${KEY.slice(-4)}, or ${KEY.slice(0, 3)}...${KEY.slice(-4)}`,
  half: `the key begins with ${KEY.slice(0, 20)} and ends with ${KEY.slice(-12)}`,
  encoded: `${encodeURIComponent(KEY)} is ${Buffer.from(`Bearer ${KEY}`).toString('base64')} is ${Buffer.from(KEY).toString('hex')}`,
};
const error = (text: string, code = 'odd') =>
  JSON.stringify({ type: 'error', error: { type: code, message: text, code } });

type Host = 'openai' | 'anthropic' | 'ollama' | 'azure';
const chat = (model: string) => (stream: boolean) => asking('Hi', { model, stream });
const WIRES: readonly [
  Host,
  string,
  string,
  (stream: boolean) => object,
  Record<string, string>,
  string,
  string,
  (text: string) => string,
][] = [
  [
    'openai',
    'authorization',
    '/v1/chat/completions',
    chat('gpt'),
    {},
    'text/event-stream',
    streamEvents(['Hel']).slice(0, 2).join(''),
    (text) => `data: ${error(text)}\n\n`,
  ],
  [
    'azure',
    'api-key',
    '/v1/chat/completions',
    chat('deployed'),
    {},
    'text/event-stream',
    streamEvents(['Hel']).slice(0, 2).join(''),
    (text) => `data: ${error(text)}\n\n`,
  ],
  [
    'anthropic',
    'x-api-key',
    '/v1/messages',
    (stream) => ({ model: 'claude', max_tokens: 9, stream, messages: [{ role: 'user', content: 'Hi' }] }),
    {},
    'text/event-stream',
    named(messageStart()),
    (text) => `event: error\ndata: ${error(text)}\n\n`,
  ],
  [
    'ollama',
    'authorization',
    '/api/chat',
    chat('llama'),
    {},
    'application/x-ndjson',
    lines(line({ content: 'Hel' })),
    (text) => `${JSON.stringify({ error: text })}\n`,
  ],
  // Through another dialect.
  [
    'openai',
    'x-api-key',
    '/v1/messages',
    (stream) => ({ model: 'gpt', max_tokens: 9, stream, messages: [{ role: 'user', content: 'Hi' }] }),
    { 'x-signalbox-key-for': 'openai' },
    'text/event-stream',
    streamEvents(['Hel']).slice(0, 2).join(''),
    (text) => `data: ${error(text)}\n\n`,
  ],
];

/** All files of a folder, as one text. */
async function contents(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(texts)).join('\n');
}

function expectNoSecret(text: string, where: string): void {
  for (const secret of SECRETS) expect(text.includes(secret), `${where}: ${secret}`).toBe(false);
}

describe('a caller’s own key', () => {
  it.each(WIRES.map((wire) => [`${wire[0]} at ${wire[2]}`, wire] as const))(
    'is in nothing that is told, logged, measured or kept: %s',
    async (_name, [host, name, path, body, extra, type, start, event]) => {
      const { gateway, hosts } = all;
      const shapes: [Behaviour, boolean][] = [];
      for (const text of Object.values(words)) {
        for (const status of [400, 401, 402, 403, 404, 429, 500]) {
          shapes.push([json(error(text), status), false], [json(error(text), status), true]);
        }
        shapes.push([json(error(text)), false], [json(`no: ${text}`, 400), false]);
        shapes.push([pieces(type, event(text)), true], [pieces(type, start + event(text)), true]);
      }
      let before = hosts[host].requests.length;
      const ids: string[] = [];
      for (const [behaviour, stream] of shapes) {
        hosts[host].behave(behaviour);
        const response = await gateway.post(path, body(stream), { ...head(name), ...extra });
        const told = await response.text();
        expectNoSecret(told + JSON.stringify([...response.headers]), 'told');
        expect(told).not.toContain(KEY.slice(-4));
        expect(hosts[host].requests.length).toBeGreaterThan(before);
        before = hosts[host].requests.length;
        ids.push(response.headers.get('x-signalbox-request-id') ?? '');
      }
      await gateway.engine.ledger.flush();
      const shown = await Promise.all(
        ids.map(async (id) => (await gateway.get(`/router/v1/decisions/${id}`, head(name))).text()),
      );
      expect(shown.every((text) => text.includes(host))).toBe(true);
      expectNoSecret(shown.join('\n'), 'decisions');
    },
  );

  it('is in no file, log line, metric, event or list, answered or not', async () => {
    const { gateway, hosts } = all;
    for (const host of ['openai', 'anthropic', 'ollama', 'azure'] as const)
      hosts[host].behave(json('{"error":{"message":"no"}}', 500));
    hosts.openai.behave((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const part of streamEvents(['Hello'], request.body.includes('include_usage') ? undefined : null))
        response.write(part);
      response.end();
    });
    const headers = { ...head('authorization'), 'x-signalbox-session': 's-1' };
    for (let n = 0; n < 2; n++) {
      const response = await gateway.chat(asking('Hi again', { model: 'gpt', stream: true }), headers);
      expect(await response.text()).toContain('Hello');
    }
    await gateway.post('/v1/moderations', { model: 'gpt', input: 'Hi' }, headers);
    await gateway.chat(asking('Hi', { model: 'gpt' }), { ...headers, 'x-signalbox-key': KEY });
    await gateway.chat(asking('Hi', { model: 'gpt' }), { ...headers, 'x-signalbox-key-for': 'nobody' });
    await gateway.engine.ledger.flush();
    for (const path of [
      '/metrics',
      '/router/v1/stats',
      '/router/v1/usage',
      '/router/v1/decisions',
      '/router/v1/models',
      '/v1/models',
    ]) {
      const response = await gateway.get(path, headers);
      expect([path, response.status]).toEqual([path, 200]);
      expectNoSecret(await response.text(), path);
    }
    await expect.poll(() => events).toContain('gpt');
    expectNoSecret(events, 'events');
    expect(logged.length).toBeGreaterThan(0);
    expectNoSecret(logged.join('\n'), 'log');
    const files = await contents(gateway.folder);
    expect(files).toContain('Hi again');
    expectNoSecret(files, 'files');
  });
});
