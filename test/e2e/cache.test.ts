import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { openEngine } from '../../src/signalbox.ts';
import {
  answers,
  json as jsonAnswer,
  startMockProvider,
  streamEvents,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { hasRedisServer, startRedis } from '../support/redis.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  upstream = await startMockProvider();
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

const start = async (rest: Partial<ConfigInput> = {}) => {
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), ...rest });
  return gateway;
};
const ON = { 'x-signalbox-cache': 'on' };
const how = (response: Response) => response.headers.get('x-signalbox-cache');
const hi = (rest: object = {}) => asking('Hi', { model: 'small', ...rest });
const usageOf = async ({ engine }: TestGateway) => {
  await engine.ledger.flush();
  return (await engine.ledger.store.usage({ since: 0, until: Date.now() + 1 }))[0];
};

/** Streams slowly: each word when it is asked for. */
function paced() {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  upstream.behave(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const [head = '', ...rest] = streamEvents(['Hello', ' there']);
    response.write(head);
    await gate;
    response.end(rest.join(''));
  });
  return release;
}

describe('the answer to the same request', () => {
  it('is made each time, unless it is asked to be kept', async () => {
    const box = await start();
    for (let n = 0; n < 2; n++) expect(how(await box.chat(hi()))).toBeNull();
    expect(upstream.requests).toHaveLength(2);
  });

  it.each([false, true])(
    'is given again, at no cost, and its saving is on the ledger (streamed: %s)',
    async (stream) => {
      const box = await start();
      const first = await box.chat(hi({ stream }), ON);
      const text = await first.text();
      expect(how(first)).toBe('miss');
      const again = await box.chat(
        `{"stream": ${stream},   "messages": [{"content":"Hi","role":"user"}], "model":"small"}`,
        ON,
      );
      expect(how(again)).toBe('hit');
      expect(await again.text()).toBe(text);
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
      expect(again.headers.get('x-signalbox-model')).toBe('small');
      expect(again.headers.get('x-signalbox-cost-usd')).toBe('0');
      expect(again.headers.get('x-signalbox-attempts')).toBe('0');
      expect(again.headers.get('x-signalbox-request-id')).not.toBe(first.headers.get('x-signalbox-request-id'));
      expect(upstream.requests).toHaveLength(1);
      const entry = await box.entryOf(again);
      // 11 and 7 tokens cost 25 µ$ on small, and would have cost 250 on the baseline: twice.
      expect(entry?.outcome).toMatchObject({
        status: 'ok',
        cost: 0n,
        baselineCost: 250_000n,
        attempts: [],
        cached: true,
      });
      expect(await usageOf(box)).toMatchObject({ requests: 2, cached: 1, costUsd: 0.000025, savingsUsd: 0.000475 });
    },
  );

  it('is another’s where anything differs: body, key, role, dialect, strategy', async () => {
    const KEYS = ['sb-a-key-for-tests-of-the-cache-01', 'sb-a-key-for-tests-of-the-cache-02'];
    const box = await start({
      roles: { r: {} },
      auth: { keys: KEYS.map((key, i) => ({ name: `k${i}`, key })) },
    });
    const keyed = (i: number) => ({ ...ON, authorization: `Bearer ${KEYS[i]}` });
    const asked: (() => Promise<Response>)[] = [
      () => box.chat(hi(), ON),
      () => box.chat(hi({ temperature: 0.1 }), ON),
      () => box.chat(hi({ stream: true }), ON),
      () => box.chat(hi(), keyed(0)),
      () => box.chat(hi(), keyed(1)),
      () => box.chat(hi(), { ...ON, 'x-signalbox-role': 'r' }),
      () => box.chat(hi(), { ...ON, 'x-signalbox-strategy': 'cheapest' }),
      () => box.post('/v1/messages', hi({ max_tokens: 9 }), ON),
      () => box.post('/v1/messages', hi({ max_tokens: 9 }), { ...ON, 'anthropic-beta': 'x' }),
    ];
    for (const ask of asked) {
      const response = await ask();
      await response.text();
      expect(how(response)).toBe('miss');
    }
    for (const ask of asked) expect(how(await ask())).toBe('hit');
    expect(upstream.requests).toHaveLength(asked.length);
  });

  it('is made anew where its model may not be asked any more', async () => {
    const config = (model: string): ConfigInput => ({
      ...twoModels(upstream.baseUrl),
      roles: { r: { models: [model], cache: { ttl: '1h' } } },
    });
    const box = await start(config('big'));
    const ask = async () => {
      const response = await box.chat(hi({ model: 'auto' }), { 'x-signalbox-role': 'r' });
      return [response.headers.get('x-signalbox-model'), how(response)];
    };
    expect([await ask(), await ask()]).toEqual([
      ['big', 'miss'],
      ['big', 'hit'],
    ]);
    await box.engine.replace(await checkedConfig({ ...config('small') }, {}));
    expect(await ask()).toEqual(['small', 'miss']);
    await box.engine.replace(await checkedConfig({ ...config('big') }, {}));
    expect(await ask()).toEqual(['big', 'hit']);
  });

  it('is kept where a role says so, for as long as it says, and not where a header forbids it', async () => {
    const box = await start({ roles: { r: { cache: { ttl: '1h' } } } });
    const role = { 'x-signalbox-role': 'r' };
    expect(how(await box.chat(hi(), role))).toBe('miss');
    expect(how(await box.chat(hi(), role))).toBe('hit');
    expect(how(await box.chat(hi(), { ...role, 'x-signalbox-cache': 'off' }))).toBeNull();
    expect(how(await box.chat(hi({ seed: 1 }), { ...role, 'x-signalbox-cache': '1ms' }))).toBe('miss');
    await expect.poll(async () => how(await box.chat(hi({ seed: 1 }), { 'x-signalbox-cache': 'off' }))).toBeNull();
    expect(how(await box.chat(hi({ seed: 1 }), role))).toBe('miss');
    const odd = await box.chat(hi(), { 'x-signalbox-cache': 'sometimes' });
    expect(odd.status).toBe(400);
  });

  it('is not kept when it failed, was cut, or is told about itself', async () => {
    const box = await start({ retries: { max: 0 } });
    upstream.behave((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"no"}}');
    });
    for (let n = 0; n < 2; n++) {
      const failed = await box.chat(hi(), ON);
      expect(failed.status).toBe(400);
      expect(how(failed)).toBe('miss');
    }
    upstream.behave(answers);
    expect(how(await box.chat(hi(), { ...ON, 'x-signalbox-explain': 'true' }))).toBeNull();
    expect(how(await box.chat(hi(), ON))).toBe('miss');
    const bound = { model: 'small', input: 'Hi', previous_response_id: 'resp_1' };
    expect(how(await box.post('/v1/responses', bound, ON))).toBeNull();
  });

  it('tells again what could not be done as it was asked', async () => {
    const box = await start({
      providers: { one: { kind: 'ollama', baseUrl: upstream.baseUrl.replace('/v1', '') } },
      models: [{ id: 'small', provider: 'one' }],
      routing: { default: 'small' },
    });
    upstream.behave(
      jsonAnswer('{"model":"m","message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"stop"}'),
    );
    const asked = hi({ logit_bias: { 50256: -100 } });
    const first = await box.chat(asked, ON);
    await first.text();
    expect(first.headers.get('x-signalbox-warnings')).toContain('logit_bias');
    const again = await box.chat(asked, ON);
    expect(how(again)).toBe('hit');
    expect(again.headers.get('x-signalbox-warnings')).toBe(first.headers.get('x-signalbox-warnings'));
  });

  it('keeps at most what fits', async () => {
    const box = await start({ cache: { maxSize: '2KB', maxEntry: '1KB' } });
    for (const seed of [1, 2, 3, 4, 5, 6]) await (await box.chat(hi({ seed }), ON)).text();
    expect(how(await box.chat(hi({ seed: 6 }), ON))).toBe('hit');
    expect(how(await box.chat(hi({ seed: 1 }), ON))).toBe('miss');
  });
});

describe('the same request in flight', () => {
  it('is answered once, and charged once', async () => {
    const box = await start();
    const release = paced();
    const calls = [1, 2, 3].map(() => box.chat(hi({ stream: true }), ON));
    await expect.poll(() => upstream.requests.length).toBe(1);
    release();
    const responses = await Promise.all(calls);
    const texts = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('data: [DONE]');
    expect(responses.map(how).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'miss',
      'shared',
      'shared',
    ]);
    expect(upstream.requests).toHaveLength(1);
    expect(await usageOf(box)).toMatchObject({ requests: 3, cached: 2, costUsd: 0.000025 });
  });

  it('is gone on with for a client that gives up and tries again', async () => {
    const box = await start();
    const release = paced();
    const leave = new AbortController();
    const first = fetch(`${box.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...ON },
      body: JSON.stringify(hi({ stream: true })),
      signal: leave.signal,
    });
    await (await first).body?.getReader().read();
    leave.abort();
    const response = await box.chat(hi({ stream: true }), ON);
    release();
    expect(how(response)).toBe('shared');
    expect(await response.text()).toContain('data: [DONE]');
    expect(how(await box.chat(hi({ stream: true }), ON))).toBe('hit');
    expect(upstream.requests).toHaveLength(1);
    expect(await usageOf(box)).toMatchObject({ requests: 3, costUsd: 0.000025 });
  });

  it('fails for everyone when it fails', async () => {
    const box = await start({ retries: { max: 0 } });
    upstream.behave(async (_request, response) => {
      await new Promise((resolve) => setImmediate(resolve));
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"no such thing"}}');
    });
    const responses = await Promise.all([1, 2, 3].map(() => box.chat(hi(), ON)));
    expect(responses.map(({ status }) => status)).toEqual([400, 400, 400]);
    for (const response of responses) expect(await response.text()).toContain('no such thing');
    expect(await usageOf(box)).toMatchObject({ requests: 3, failed: 3 });
  });
});

describe('a gateway that closes', () => {
  it.each([true, false])('books what is made for nobody any more as cancelled (streamed: %s)', async (stream) => {
    const folder = await temporaryFolder();
    const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
    const box = await startGateway({ ...twoModels(upstream.baseUrl), storage });
    upstream.behave((_request, response) => {
      if (!stream) return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents(['Hello'])[0]);
    });
    const leave = new AbortController();
    const call = fetch(`${box.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...ON },
      body: JSON.stringify(hi({ stream })),
      signal: leave.signal,
    });
    if (stream) await (await call).body?.getReader().read();
    else await expect.poll(() => upstream.requests.length).toBe(1);
    leave.abort();
    await call.catch(() => {});
    await box.close();
    const engine = await openEngine(await checkedConfig({ ...twoModels(upstream.baseUrl), storage }, {}));
    const [entry] = await engine.ledger.store.entries({ limit: 2 });
    expect(entry?.outcome).toMatchObject({ status: 'cancelled' });
    await engine.close();
    await folder.remove();
  });
});

describe('kept answers', () => {
  const both = async (config: object) => {
    const folder = await temporaryFolder();
    const storage = { url: `file:${folder.path}/ledger.db` };
    const base = { ...twoModels(upstream.baseUrl), ...config };
    const boxes = await Promise.all(
      ['a', 'b'].map((name) =>
        startGateway({
          ...base,
          storage: { ...storage, ...Reflect.get(config, 'storage'), journal: `${folder.path}/${name}` },
        }),
      ),
    );
    return {
      boxes,
      close: async () => {
        for (const box of boxes) await box.close();
        await folder.remove();
      },
    };
  };

  it.each(hasRedisServer ? ['store', 'redis'] : ['store'])('are shared by processes over the %s', async (tier) => {
    const redis = tier === 'redis' ? await startRedis() : undefined;
    const storage = redis === undefined ? {} : { redis: redis.url };
    const { boxes, close } = await both({ cache: { tier }, storage });
    // No two runs ask the same.
    const asked = hi({ stream: true, seed: Date.now() });
    const [one, two] = boxes;
    const text = await (await one?.chat(asked, ON))?.text();
    await expect
      .poll(async () => {
        const again = await two?.chat(asked, ON);
        return again === undefined ? '' : `${how(again)} ${(await again.text()) === text}`;
      })
      .toBe('hit true');
    expect(upstream.requests.length).toBeLessThanOrEqual(2);
    await close();
    await redis?.kill();
  });
});
