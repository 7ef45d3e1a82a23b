import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/ledger/open-store.ts';
import {
  answers,
  completion,
  json,
  resets,
  startMockProvider,
  streamEvents,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { runCli, startServe, type RunningCli } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';
import { childrenOf } from '../support/processes.ts';
import { hasRedisServer, startRedis } from '../support/redis.ts';

type Served = RunningCli & { readonly url: string };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;
const running: Served[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider();
  await configure();
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
  await upstream.close();
  await folder.remove();
});

const LIMITED = 'sb-0123456789-of-limited';
const RPM = 10;
/** The most that its limit grants from a time on; it refills steadily. */
const mostSince = (begun: number) => RPM + Math.floor(((performance.now() - begun) * RPM) / 60_000);

function configure(change: object = {}): Promise<void> {
  const model = (id: string) => ({
    id,
    provider: 'p',
    model: `up-${id}`,
    price: { input: 1, output: 2 },
    maxOutput: 100,
  });
  const config = {
    providers: { p: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
    models: [model('m'), model('other')],
    retries: { max: 0 },
    auth: { keys: [{ name: 'limited', key: LIMITED, limits: { rpm: RPM } }] },
    ...change,
  };
  return writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
}

async function serve(...args: readonly string[]): Promise<Served> {
  const served = await startServe(['--workers', '2', ...args], { cwd: folder.path });
  running.push(served);
  return served;
}

/** Over a connection of its own: they are dealt to the workers in turn. */
const call = (
  url: string,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string> } = {},
) => fetch(url + path, { ...init, headers: { connection: 'close', ...init.headers } });
const post = (url: string, body: object, headers: Record<string, string> = {}, path = '/v1/chat/completions') =>
  call(url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const ask = async (url: string, headers: Record<string, string> = {}) => {
  const response = await post(url, asking('Hi', { model: 'm' }), headers);
  await response.text();
  return response;
};
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const getJson = async (url: string, path: string): Promise<unknown> => (await call(url, path)).json();
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 25 });
const store = () => openStore(`file:${join(folder.path, '.signalbox/signalbox.db')}`, { clock: systemClock });

describe('two workers', () => {
  it('are one gateway: limits, health, live requests, metrics, stats, decisions', async () => {
    const { url } = await serve();
    expect(await getJson(url, '/ready')).toMatchObject({ status: 'ready', state: 'ok' });

    const events = await call(url, '/router/v1/events');
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const reading = (async () => {
      for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) heard += step.value;
    })();
    await eventually(() => expect(heard).toContain('hello'));

    const begun = performance.now();
    const limited = await times(30, () => ask(url, { authorization: `Bearer ${LIMITED}` }));
    const granted = limited.filter(({ status }) => status === 200).length;
    expect(granted).toBeGreaterThanOrEqual(10);
    expect(granted).toBeLessThanOrEqual(mostSince(begun));
    expect(limited.filter(({ status }) => status === 429)).toHaveLength(30 - granted);

    const answered = await times(6, () => ask(url));
    const ids = answered.map(({ headers }) => headers.get('x-signalbox-request-id') ?? '');
    await eventually(() => {
      for (const id of ids) expect(heard).toContain(id);
    });
    await reader?.cancel();
    await reading;
    // Whichever worker is asked, and though the store may not have it yet.
    for (const id of ids) expect((await call(url, `/router/v1/decisions/${id}`)).status).toBe(200);
    const decided: unknown = await (await post(url, asking('Hi'), {}, '/router/v1/route')).json();
    const decisionId = (decided as { decision: { id: string } }).decision.id;
    const scored = await times(4, () => post(url, { decisionId, score: 1 }, {}, '/router/v1/feedback'));
    expect(scored.map(({ status }) => status)).toEqual([202, 202, 202, 202]);

    for (const text of await times(2, async () => (await call(url, '/metrics')).text())) {
      expect(text).toMatch(/^signalbox_requests_total\{model="m".*status="ok"\} (\d+)$/m);
      expect(text).toContain(`signalbox_request_seconds_count{model="m"} ${granted + 6}`);
      expect(text).toContain('signalbox_state_shared 1');
    }
    for (const stats of await times(2, () => getJson(url, '/router/v1/stats')))
      expect(stats).toMatchObject({ requests: granted + 6, inFlight: 0 });

    upstream.behave((request, response) => (request.body.includes('up-m') ? resets : answers)(request, response));
    for (let n = 0; n < 2; n++) await ask(url);
    await eventually(async () => {
      for (const body of await times(4, async () => (await post(url, asking('Hi'), {}, '/router/v1/route')).text())) {
        expect(body).toContain('it failed several times in a row');
      }
    });
  });

  it('take a new configuration together, and tell together when one is refused', async () => {
    const { url } = await serve();
    const versions = async () => {
      const all = await times(
        6,
        async () =>
          (await post(url, asking('Hi'), {}, '/router/v1/route')).json() as Promise<{
            decision: { versions: { config: string } };
          }>,
      );
      return new Set(all.map(({ decision }) => decision.versions.config));
    };
    const [before] = await versions();
    await configure({ routing: { strategy: 'cheapest' } });
    await eventually(async () => {
      const now = await versions();
      expect(now.size).toBe(1);
      expect(now.has(before ?? '')).toBe(false);
    });
    await configure({ models: [] });
    await eventually(async () => {
      for (const stats of await times(4, () => getJson(url, '/router/v1/stats'))) {
        expect(stats).toMatchObject({ reload: { config: { error: expect.stringContaining('model') } } });
      }
    });
    expect((await versions()).size).toBe(1);
  });

  it('let answers under way end at SIGTERM, and then end with 0', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const sent = streamEvents(['one', 'two']);
      response.write(sent[0]);
      await held;
      for (const event of sent.slice(1)) response.write(event);
      response.end();
    });
    const serving = await serve();
    const responses = await times(4, () => post(serving.url, asking('Hi', { stream: true })));
    expect(await getJson(serving.url, '/router/v1/stats')).toMatchObject({ inFlight: 4 });
    serving.child.kill('SIGTERM');
    await expect.poll(() => serving.output.stderr, { timeout: 10_000 }).toContain('draining');
    release();
    for (const response of responses) expect(await response.text()).toContain('[DONE]');
    expect((await serving.ended).code).toBe(0);
    expect(await readdir(join(folder.path, '.signalbox/journal'))).toEqual([]);
    const ledger = await store();
    expect(await ledger.usage({ since: 0, until: Date.now() + 1 })).toMatchObject([
      { requests: 4, failed: 0, interrupted: 0 },
    ]);
    await ledger.close();
  });

  it('cannot have a ledger that is no file, nor a port that is taken, and say so once', async () => {
    await configure({ storage: { url: 'memory:' } });
    const memory = await runCli(['serve', '--workers', '2', '--port', '0'], { cwd: folder.path });
    expect(memory).toMatchObject({ code: 2, stderr: expect.stringContaining('memory:') });
    await configure();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const refused = await runCli(['serve', '--workers', '2', '--port', String(port)], { cwd: folder.path });
    expect(refused.code).toBe(2);
    expect(refused.stderr.match(/is taken/g)).toHaveLength(1);
    taken.close();
  });
});

describe.skipIf(process.platform !== 'linux')('a worker that is killed under load', () => {
  it('is replaced, loses no request and no count', { timeout: 60_000 }, async () => {
    let next = 0;
    upstream.behave((request, response) => {
      const tokens = ++next;
      const usage = { prompt_tokens: tokens, completion_tokens: 1, total_tokens: tokens + 1 };
      setTimeout(() => void json(completion('x', usage))(request, response), 5 + (tokens % 50));
    });
    const serving = await serve();
    const { url } = serving;
    await times(20, () => ask(url, { authorization: `Bearer ${LIMITED}` }));
    const finished = new Map<string, number>();
    const stop = new AbortController();
    let failed = 0;
    const client = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          const response = await post(url, asking('Hi'));
          const { usage } = (await response.json()) as { usage: { prompt_tokens: number } };
          finished.set(response.headers.get('x-signalbox-request-id') ?? '', usage.prompt_tokens);
        } catch {
          failed++;
        }
      }
    };
    const clients = times(16, client);
    await expect.poll(() => finished.size, { timeout: 20_000 }).toBeGreaterThan(200);
    const [victim = 0] = childrenOf(serving.child.pid);
    process.kill(victim, 'SIGKILL');
    await expect.poll(() => serving.output.stderr).toContain('another one takes its place');
    const poll = { timeout: 20_000 };
    await expect.poll(() => serving.output.stderr, poll).toContain('has taken the place');
    const then = finished.size;
    await expect.poll(() => finished.size, poll).toBeGreaterThan(then + 100);
    stop.abort();
    await clients;
    expect(childrenOf(serving.child.pid)).toHaveLength(2);
    expect(childrenOf(serving.child.pid)).not.toContain(victim);

    // What a key has used of its limit is not forgotten with the worker.
    upstream.behave(answers);
    const limited = await times(10, () => ask(url, { authorization: `Bearer ${LIMITED}` }));
    expect(limited.filter(({ status }) => status === 200).length).toBeLessThan(10);

    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
    const ledger = await store();
    for (const [id, tokens] of finished) {
      expect((await ledger.entry(id))?.outcome).toMatchObject({ status: 'ok', cost: BigInt(tokens * 1000 + 2000) });
    }
    const [total] = await ledger.usage({ since: 0, until: Date.now() + 1 });
    expect(total?.interrupted).toBeGreaterThan(0);
    expect(total?.interrupted).toBeLessThanOrEqual(failed);
    expect(await ledger.entries({ limit: 10, status: 'open' })).toEqual([]);
    await ledger.close();
  });
});

describe.skipIf(!hasRedisServer)('two gateways over one Redis, one of them with two workers', () => {
  it('grant a limit once', async () => {
    const redis = await startRedis();
    try {
      await configure({ storage: { redis: redis.url, url: 'file:one.db', journal: 'one' } });
      const one = await serve();
      await configure({ storage: { redis: redis.url, url: 'file:two.db', journal: 'two' } });
      const two = await startServe([], { cwd: folder.path });
      running.push(two);
      const begun = performance.now();
      const limited = await times(30, (n) =>
        ask((n % 2 === 0 ? one : two).url, { authorization: `Bearer ${LIMITED}` }),
      );
      const granted = limited.filter(({ status }) => status === 200).length;
      expect(granted).toBeGreaterThanOrEqual(10);
      // On a machine so busy that Redis is late, each of three processes grants its share.
      const late = [one, two].some(({ output }) => output.stderr.includes('Redis does not answer'));
      expect(granted).toBeLessThanOrEqual(mostSince(begun) + (late ? 12 : 0));
    } finally {
      await redis.kill();
    }
  });
});
