import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { asking, startGateway, type TestGateway } from '../support/gateway.ts';

let one: FaultServer;
let two: FaultServer;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  one = await startFaultServer({ tokens: ['one'] });
  two = await startFaultServer({ tokens: ['two'] });
});

afterEach(async () => {
  await gateway?.close();
  await one.close();
  await two.close();
});

const provider = (url: string, rest: object = {}) => ({
  kind: 'openai',
  baseUrl: `${url}/v1`,
  apiKey: 'provider-key',
  ...rest,
});
const start = async (limited: object, rest: Partial<ConfigInput> = {}) => {
  gateway = await startGateway({
    providers: { one: provider(one.url, limited), two: provider(two.url) },
    models: [
      { id: 'a', provider: 'one', quality: 0.9, price: { input: 1, output: 2 } },
      { id: 'b', provider: 'two', quality: 0.8, price: { input: 1, output: 2 } },
    ],
    routing: { default: 'a', strategy: 'static', fallbacks: ['b'] },
    ...rest,
  });
  return gateway;
};

describe('providers.*.concurrency', () => {
  it('sends what is too much to the next model, and lets it wait where there is none', async () => {
    one.always({ kind: 'slow-first-token', ms: 300 });
    const full = await start({ concurrency: 1 });
    const models = await Promise.all(
      [1, 2].map(async () => (await full.chat(asking('Hi', { stream: true }))).headers.get('x-signalbox-model')),
    );
    expect(new Set(models)).toEqual(new Set(['a', 'b']));
    await full.close();

    const only = [{ id: 'a', provider: 'one', price: { input: 1, output: 2 } }];
    const alone = await start({ concurrency: 1 }, { models: only, routing: { default: 'a' } });
    const texts = await Promise.all([1, 2, 3].map(async () => (await alone.chat(asking('Hi'))).text()));
    expect(texts.every((text) => text.includes('one'))).toBe(true);
    const [first, second, third] = one.calls.slice(-3).map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(250);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(250);
  });
});

describe('retries.maxCost', () => {
  it('begins no call that could cost more than is left', async () => {
    one.always({ kind: 'silent' });
    const capped = await start({}, { retries: { maxCost: 0.000_001 }, timeouts: { firstToken: '50ms' } });
    const refused = await capped.chat(asking('Hi', { stream: true, max_tokens: 50 }));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(two.calls).toHaveLength(0);
  });
});

describe('a pool of keys', () => {
  it('goes on with the next key where one is refused, and leaves that one alone', async () => {
    one.next({ kind: 'status', status: 401, body: '{"error":{"message":"bad key"}}' });
    const pooled = await start({ apiKey: ['provider-key-1', 'provider-key-2'] });
    for (let n = 0; n < 3; n++) {
      const response = await pooled.chat(asking('Hi'));
      expect([response.status, response.headers.get('x-signalbox-model')]).toEqual([200, 'a']);
    }
    expect(one.calls).toHaveLength(4);
  });
});
