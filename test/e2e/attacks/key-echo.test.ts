import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../src/telemetry/log.ts';
import {
  json,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../../mock-provider/mock-provider.ts';
import { CLIENT_DIALECTS } from '../../support/dialects.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

/** With characters that JSON, addresses and pages write otherwise. */
const KEY = 'sk-live/a+b=c_d&e<f>-0123456789';
const MODELS = ['gpt', 'claude', 'llama'];

let upstream: MockProvider;
let gateway: TestGateway;
const logged: string[] = [];

beforeAll(async () => {
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line));
  upstream = await startMockProvider();
  const { baseUrl } = upstream;
  const price = { input: 1, output: 2 };
  gateway = await startGateway(
    {
      providers: {
        openai: { kind: 'openai', baseUrl, apiKey: KEY },
        anthropic: { kind: 'anthropic', baseUrl, apiKey: KEY },
        ollama: { kind: 'ollama', baseUrl: baseUrl.replace(/\/v1$/, ''), apiKey: KEY },
      },
      models: [
        { id: 'gpt', provider: 'openai', model: 'up', price },
        { id: 'claude', provider: 'anthropic', model: 'up', price },
        { id: 'llama', provider: 'ollama', model: 'up', price },
      ],
      routing: { fallbacks: [] },
      retries: { max: 0 },
    },
    { log: { debug: write, info: write, warn: write, error: write } satisfies Log },
  );
});

beforeEach(() => gateway.engine.runtime.memory.endCoolDowns());

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const hex = (char: string) => (char.codePointAt(0) ?? 0).toString(16).padStart(2, '0');
const spelt = (form: (char: string) => string) => Array.from(KEY, form).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** How a provider may write the key into an error's text, which then is written as JSON. */
const TEXTS: Readonly<Record<string, string>> = {
  plain: KEY,
  'in an address': encodeURIComponent(KEY),
  'in an address, every byte': spelt((char) => `%${hex(char)}`),
  'in an address twice': encodeURIComponent(encodeURIComponent(KEY)),
  'on a page': spelt((char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char),
  'on a page, by numbers': spelt((char) => `&#x${hex(char)};`),
  'as base64': base64(KEY),
  'as base64 of the header': base64(`Bearer ${KEY}`),
  'as base64 of user and password': base64(`me:${KEY}`),
  'as base64 in the middle': base64(`{"authorization":"Bearer ${KEY}","accept":"*/*"}`),
  'as base64 for addresses': Buffer.from(`x${KEY}`).toString('base64url'),
  'as hexadecimal digits': Buffer.from(KEY).toString('hex'),
  'as JSON within JSON': JSON.stringify({ headers: { authorization: `Bearer ${KEY}` } }),
};

/** Bodies that say it. */
const SAYS: readonly (readonly [string, (text: string) => string])[] = [
  ['message', (text) => JSON.stringify({ error: { message: `no: ${text} was odd`, type: 'a', code: 'b' } })],
  [
    'other fields',
    (text) => JSON.stringify({ error: { message: 'no', type: text, code: text, param: text }, detail: text }),
  ],
  ['escaped', (text) => `{"error":{"message":"${Array.from(text, (char) => `\\u00${hex(char)}`).join('')}"}}`],
  ['slashes', (text) => JSON.stringify({ error: { message: text } }).replaceAll('/', '\\/')],
  ['no JSON', (text) => `no: ${text}`],
  ['a page', (text) => `<html><body>${text}</body></html>`],
];

const unescaped = (text: string) =>
  text
    .replaceAll(/\\+u([0-9a-f]{4})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\+(["/])/g, '$1');
const fromAddress = (text: string) =>
  text.replaceAll(/%([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
const fromPage = (text: string) =>
  text
    .replaceAll(/&#x([0-9a-f]+);/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** Whether somebody who tries can read the key, or the better part of it, out of a text. */
function tells(text: string): boolean {
  const plain = unescaped(unescaped(text));
  const readings = [text, plain, fromAddress(plain), fromAddress(fromAddress(plain)), fromPage(plain)];
  for (const [run] of plain.matchAll(/[\w+/=-]{24,}/g)) {
    for (const start of [0, 1, 2, 3]) readings.push(Buffer.from(run.slice(start), 'base64').toString('latin1'));
    readings.push(Buffer.from(run, 'hex').toString('latin1'));
  }
  return readings.some((reading) => reading.includes(KEY) || reading.includes(KEY.slice(4, -4)));
}

async function filesOf(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const named = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(named)).join('\n');
}

describe('this test', () => {
  it.each(Object.entries(TEXTS))('sees a key %s', (_name, text) => {
    for (const [, say] of SAYS) expect(tells(say(text))).toBe(true);
  });
});

const stream =
  (...parts: string[]): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const next = (): void => {
      const part = parts.shift();
      if (part === undefined) response.end();
      else response.write(part, () => setImmediate(next));
    };
    next();
  };

/** Several at once: what is cut off of one message is at the beginning of another. */
const TOGETHER = [0, 5, 9].map((from) => {
  const names = Object.keys(TEXTS);
  return [...names.slice(from), ...names.slice(0, from)].map((name) => TEXTS[name]).join(' ; ');
});

describe('a provider that tells its key', () => {
  it.each(TOGETHER)('tells nobody: not the caller, not the ledger, not the log', async (text) => {
    const told: string[] = [];
    for (const [, say] of SAYS) {
      const said = say(text);
      const half = Math.floor(said.length / 2);
      const behaviours: readonly (readonly [Behaviour, boolean])[] = [
        ...[200, 400, 500].map((status) => [json(said, status), false] as const),
        [json(said, 400), true],
        [stream(`data: ${said}\n\n`), true],
        [stream(`data: ${said.slice(0, half)}`, `${said.slice(half)}\n\n`), true],
        [stream(...streamEvents(['Hel']).slice(0, 2), `data: ${said.slice(0, half)}`, `${said.slice(half)}\n\n`), true],
      ];
      for (const [behaviour, streamed] of behaviours) {
        for (const model of streamed ? MODELS : ['gpt', MODELS[told.length % 3]]) {
          const dialect = CLIENT_DIALECTS[told.length % CLIENT_DIALECTS.length] ?? CLIENT_DIALECTS[0];
          if (dialect === undefined) continue;
          gateway.engine.runtime.memory.endCoolDowns();
          upstream.behave(behaviour);
          const headers = { 'x-signalbox-explain': 'true' };
          const response = await gateway.post(dialect.path, { ...dialect.body('Hi', streamed), model }, headers);
          told.push((await response.text()) + JSON.stringify([...response.headers]));
        }
      }
      for (const status of [400, 500]) {
        upstream.behave(json(said, status));
        const response = await gateway.post('/v1/moderations', { input: 'a', model: 'gpt' });
        told.push((await response.text()) + JSON.stringify([...response.headers]));
      }
      upstream.behave(json(said, 400));
      told.push(await (await gateway.post('/v1/embeddings', { model: 'gpt', input: 'a' })).text());
    }
    await gateway.engine.ledger.flush();
    for (const path of [
      '/router/v1/decisions?limit=500',
      '/router/v1/stats',
      '/router/v1/models',
      '/metrics',
      '/ready',
    ])
      told.push(await (await gateway.get(path)).text());
    told.push(await filesOf(gateway.folder), logged.splice(0).join('\n'));
    expect(told.filter(tells).map((leak) => leak.slice(0, 300).replaceAll(/[^ -~]/g, '?'))).toEqual([]);
  });
});
