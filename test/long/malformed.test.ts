import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ERRORS, SignalboxError } from '../../src/errors.ts';
import { seededRandom } from '../../src/routers/numeric/random.ts';
import { answers, json as jsonAnswer, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { CLIENT_DIALECTS } from '../support/dialects.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';
import { bytesOf, mutate, oddText, pick } from '../support/odd-values.ts';

/** 100 000 in all with `SIGNALBOX_MALFORMED=1`; a tenth of them else is more than chance finds. */
const SCALE = Number(process.env['SIGNALBOX_MALFORMED'] ?? 1);
const count = (n: number) => Math.ceil(n * SCALE);
const KEY = 'sb-a-key-for-tests-of-nonsense-0001';
const WORKERS = 32;

let upstream: MockProvider;
let open: TestGateway;
let closed: TestGateway;
const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
const rejections: unknown[] = [];
const rejected = (reason: unknown) => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', rejected);
  upstream = await startMockProvider((seen, response) => {
    // Bytes that a caller sends are passed on as they are.
    const understood = seen.body.startsWith('{');
    return understood ? answers(seen, response) : jsonAnswer('{"error":{"message":"no JSON"}}', 400)(seen, response);
  });
  const config = { ...twoModels(upstream.baseUrl), retries: { max: 0 }, roles: { r: { models: ['small'] } } };
  open = await startGateway(config);
  closed = await startGateway({ ...config, auth: { mode: 'required', keys: [{ name: 'k', key: KEY, admin: true }] } });
});

afterAll(async () => {
  agent.destroy();
  await open.close();
  await closed.close();
  await upstream.close();
  process.off('unhandledRejection', rejected);
});

afterEach(() => {
  if (rejections.length > 0) throw new Error(`nobody handled ${String(rejections.splice(0)[0])}`);
});

interface Told {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function send(
  url: string,
  options: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: Buffer;
  },
): Promise<Told | undefined> {
  return new Promise((resolve, reject) => {
    const { body, method = 'POST', headers = {}, path } = options;
    const { hostname, port } = new URL(url);
    try {
      const call = request({ hostname, port, path, method, agent, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', () => resolve(undefined));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString('latin1'),
          }),
        );
      });
      call.on('error', () => resolve(undefined));
      // Nothing hangs.
      call.setTimeout(20_000, () => {
        reject(
          new Error(
            `nothing for 20 s to ${method} ${path} ${JSON.stringify(headers)} ${body?.toString().slice(0, 1000)}`,
          ),
        );
        call.destroy();
      });
      call.end(body);
    } catch {
      // What Node's own client refuses to send is sent raw below.
      resolve(undefined);
    }
  });
}

/** A stack, or a path of this machine. */
const TRACE = /\n\s+at |node:internal|node_modules|\/src\/[a-z-]+\/|\.ts:\d+/;

const codesOf = (body: string) => [...body.matchAll(/"(?:code|type)":\s*"([a-z_]+)"/g)].map(([, code]) => code ?? '');

/** What an answer to nonsense must be: whatever was wrong is named, nothing of the inside is shown. */
function check({ status, body }: Told, what: string): void {
  if (TRACE.test(body)) throw new Error(`a trace in the answer to ${what}: ${body.slice(0, 500)}`);
  if (status < 500) return;
  // Ollama's errors have words and no code.
  const words = /^\{"error":"[^"]/.test(body);
  const known = codesOf(body).some((code) => code in ERRORS || code === 'server_error' || code === 'api_error');
  if (status === 500 || !(known || words))
    throw new Error(`${status} without a code to ${what}: ${body.slice(0, 500)}`);
}

/** Runs `n` of them, some at once. */
async function many(n: number, once: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while (next < n) await once(next++);
    }),
  );
}

const escaped = (char: string) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;

const json = { 'content-type': 'application/json' };

describe('malformed input', () => {
  it(`as bodies: ${count(45_000)}`, async () => {
    const random = seededRandom(1);
    const answered = { whole: 0, refused: 0 };
    const paths = [
      ...CLIENT_DIALECTS.map(({ path, body }) => ({ path, body: body('Hello', false) })),
      { path: '/v1/embeddings', body: { model: 'small', input: 'Hello' } },
      { path: '/v1/messages/count_tokens', body: { model: 'auto', messages: [{ role: 'user', content: 'Hi' }] } },
      { path: '/api/generate', body: { model: 'auto', prompt: 'Hello', stream: false } },
      { path: '/api/show', body: { model: 'small' } },
      { path: '/router/v1/route', body: { messages: [{ role: 'user', content: 'Hi' }] } },
      { path: '/router/v1/feedback', body: { decisionId: 'x', score: 1 } },
      { path: '/router/v1/keys', body: { name: 'x', limits: { rpm: 5 } } },
    ];
    await many(count(45_000), async () => {
      const { path, body } = pick(paths, random);
      const bytes = bytesOf(mutate(body, random), random);
      const told = await send(open.url, { path, headers: json, body: bytes });
      if (told === undefined) throw new Error(`no answer to ${path} ${bytes.toString('latin1').slice(0, 300)}`);
      check(told, `${path} ${bytes.toString('latin1').slice(0, 300)}`);
      answered[told.status < 300 ? 'whole' : 'refused']++;
    });
    // Both happen, or the mutations are no test.
    expect(answered.whole).toBeGreaterThan(count(4500));
    expect(answered.refused).toBeGreaterThan(count(4500));
  });

  it(`as headers: ${count(15_000)}`, async () => {
    const random = seededRandom(2);
    const names = [
      'x-signalbox-role',
      'x-signalbox-strategy',
      'x-signalbox-session',
      'x-signalbox-tags',
      'x-signalbox-user',
      'x-signalbox-cache',
      'x-signalbox-explain',
      'x-signalbox-provider',
      'content-type',
      'accept',
      'origin',
      'host',
      'sec-fetch-site',
      'anthropic-version',
      'anthropic-beta',
      'x-request-id',
      'accept-encoding',
      'x-forwarded-for',
      'x-claude-code-session-id',
      'cookie',
      'expect',
      'range',
      'if-none-match',
      'content-encoding',
    ];
    await many(count(15_000), async () => {
      const { path, body } = pick(CLIENT_DIALECTS, random);
      const headers: Record<string, string> = { ...json };
      for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
        headers[pick(names, random)] = oddText(random)
          .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')
          .slice(0, 2000);
      }
      const told = await send(open.url, {
        path,
        headers,
        body: Buffer.from(JSON.stringify(body('Hi', random() < 0.3))),
      });
      if (told !== undefined) check(told, JSON.stringify(headers));
    });
    expect((await open.get('/health')).status).toBe(200);
  });

  it(`as paths and queries: ${count(15_000)}`, async () => {
    const random = seededRandom(3);
    const starts = [
      '/v1/models/',
      '/role/',
      '/router/v1/decisions/',
      '/router/v1/decisions?',
      '/router/v1/usage?',
      '/ui/',
      '/router/v1/keys/',
      '/api/',
      '//',
      '/v1/',
      '/',
    ];
    await many(count(15_000), async () => {
      const odd = Buffer.from(oddText(random)).toString('latin1');
      const path = `${pick(starts, random)}${odd}`.replaceAll(/[^\x21-\x7e]/g, escaped).slice(0, 4000);
      const method = pick(['GET', 'POST', 'HEAD', 'DELETE', 'PUT', 'OPTIONS', 'PATCH'], random);
      const told = await send(open.url, {
        method,
        path,
        ...(method === 'POST' ? { headers: json, body: Buffer.from('{}') } : {}),
      });
      if (told !== undefined) check(told, `${method} ${path}`);
    });
    expect((await open.get('/health')).status).toBe(200);
  });

  it(`as keys, where they are required: ${count(15_000)}`, async () => {
    const random = seededRandom(4);
    const paths = [
      '/v1/chat/completions',
      '/v1/models',
      '/router/v1/decisions',
      '/router/v1/usage',
      '/router/v1/keys',
      '/metrics',
      '/ui/',
      '/openapi.json',
      '/version',
      '/api/tags',
      '/v1/messages',
      '/',
      '/router/v1/events',
    ];
    const header = ['authorization', 'x-api-key', 'api-key', 'cookie', 'x-goog-api-key'];
    const doors = new Map<number, number>();
    await many(count(15_000), async () => {
      const text = oddText(random)
        .replaceAll(/[^\x20-\x7e]/g, '?')
        .slice(0, 500);
      const almost = pick(
        [KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase(), `sb-${text}`, text, '', KEY.replace('1', '2')],
        random,
      );
      const name = pick(header, random);
      const path = pick(paths, random);
      const told = await send(closed.url, {
        method: 'GET',
        path,
        headers: {
          [name]: name === 'authorization' ? pick([`Bearer ${almost}`, almost, `Basic ${almost}`], random) : almost,
        },
      });
      if (told === undefined) return;
      check(told, `${path} ${name}: ${almost}`);
      doors.set(told.status, (doors.get(told.status) ?? 0) + 1);
      // The page may show its lock, and nothing behind it.
      if (told.status < 400 && !(told.headers['content-type'] ?? '').includes('html') && told.status !== 302) {
        throw new Error(`${path} let in ${name}: ${almost} (${told.status} ${told.body.slice(0, 200)})`);
      }
    });
    for (const path of ['/health', '/ready'])
      expect((await send(closed.url, { method: 'GET', path }))?.status).toBe(200);
  });

  it(`as HTTP: ${count(2000)}`, async () => {
    const random = seededRandom(5);
    const { hostname, port } = new URL(open.url);
    const lines = [
      'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
      'POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"a":',
      'POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n',
      'POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ];
    await many(count(2000), async () => {
      const bytes = bytesOf(pick(lines, random), random, true);
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.end(bytes));
        const parts: Buffer[] = [];
        socket.on('data', (part: Buffer) => parts.push(part));
        socket.on('error', () => resolve());
        socket.setTimeout(2000, () => socket.destroy());
        socket.on('close', () => {
          const said = Buffer.concat(parts).toString('latin1');
          if (TRACE.test(said)) throw new Error(said.slice(0, 500));
          resolve();
        });
      });
    });
    expect((await open.get('/health')).status).toBe(200);
  });

  it(`as what a provider sends: ${count(6000)}`, async () => {
    const random = seededRandom(6);
    const stream =
      'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\ndata: [DONE]\n\n';
    const whole = {
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hi',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
    upstream.behave((seen, response) => {
      const streams = seen.body.includes('"stream":true');
      response.writeHead(pick([200, 200, 200, 200, 201, 400, 429, 500], random), {
        'content-type': pick(['application/json', 'text/event-stream', 'text/html', 'application/x-ndjson'], random),
      });
      response.end(bytesOf(streams ? stream : mutate(whole, random), random, streams));
    });
    await many(count(6000), async () => {
      const { path, body } = pick(CLIENT_DIALECTS, random);
      const told = await send(open.url, {
        path,
        headers: json,
        body: Buffer.from(JSON.stringify(body('Hi', random() < 0.5))),
      });
      if (told === undefined) throw new Error('no answer');
      // A provider's own status and words are passed on.
      check({ ...told, status: 200 }, `an answer of a provider to ${path}`);
    });
    expect((await open.get('/health')).status).toBe(200);
  });

  it(`as configurations: ${count(2000)}`, async () => {
    const random = seededRandom(7);
    const config = {
      server: { host: '127.0.0.1', port: 3456, maxBody: '1MB' },
      providers: { p: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' } },
      models: [{ id: 'a', provider: 'p', price: { input: 1, output: 2 }, aliases: ['b*'] }],
      routing: { strategy: { keepQuality: 0.9 }, default: 'a', fallbacks: ['a'] },
      roles: { r: { models: ['a'], budget: { usd: 5, per: 'day' } } },
      budgets: [{ usd: 1, per: 'week', zone: 'UTC', tag: 'a=b' }],
      retries: { max: 2, wait: '3s' },
    };
    const path = `${open.folder}/odd.yaml`;
    for (let n = 0; n < count(2000); n++) {
      const odd = mutate(config, random);
      await checkedConfig(odd as never, {}).catch((error: unknown) => {
        if (!SignalboxError.is(error) || error.code !== 'config_invalid') throw error;
      });
      await writeFile(path, bytesOf(odd, random));
      const found = await loadConfig({ path, cwd: open.folder, env: {}, checks: [] }).catch((error: unknown) => {
        if (!SignalboxError.is(error)) throw error;
      });
      expect(found === undefined || found.config.models.length > 0).toBe(true);
    }
  });
});
