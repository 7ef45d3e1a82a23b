import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { answers, json, resets, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';
import { hasRedisServer, startRedis, type OwnRedis } from '../support/redis.ts';

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const soon = (check: () => void) => vi.waitFor(check, { timeout: 300, interval: 20 });

describe.skipIf(!hasRedisServer)('two gateways over one Redis', () => {
  let redis: OwnRedis;
  let upstream: MockProvider;
  let second: MockProvider;
  let gateways: TestGateway[];
  /** Each test's own. */
  let database = 0;

  const at = (index: number): TestGateway => {
    const gateway = gateways[index];
    if (gateway === undefined) throw new Error('there are two of them');
    return gateway;
  };
  const config = () => ({
    ...twoModels(upstream.baseUrl, second.baseUrl),
    storage: { redis: `${redis.url}/${database}` },
    retries: { max: 0 },
  });

  beforeAll(async () => void (redis = await startRedis()));
  afterAll(() => redis.kill());
  beforeEach(async () => {
    database++;
    upstream = await startMockProvider();
    second = await startMockProvider();
    gateways = [await startGateway(config()), await startGateway(config())];
  });
  afterEach(async () => {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    await Promise.all([upstream.close(), second.close()]);
  });

  const ask = (index: number, rest: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    at(index).chat(asking('Hi', rest), headers);
  /** Whether a gateway leaves the small model's upstream alone. */
  const why = async (index: number) => {
    const response = await at(index).post('/router/v1/route', asking('Hi', { model: 'auto:cost' }));
    return JSON.stringify(await response.json());
  };

  it('know each other’s sessions at once', async () => {
    const session = { 'x-signalbox-session': `s-${Math.random()}` };
    for (let n = 0; n < 3; n++) {
      const first = await ask(0, {}, session);
      await first.text();
      expect(first.headers.get('x-signalbox-session')).toBe(n === 0 ? 'initialize' : 'retain');
      await eventually(async () => {
        const other = await ask(1, {}, session);
        await other.text();
        expect(other.headers.get('x-signalbox-session')).toBe('retain');
      });
    }
  });

  it('leave a sick upstream alone together, and one probe of either finds that it works again', async () => {
    upstream.behave(resets);
    for (let n = 0; n < 2; n++) await (await ask(0, { model: 'small' })).text();
    const seen = upstream.requests.length;
    await eventually(async () => expect(await why(1)).toContain('it failed several times in a row'));
    expect(await why(0)).toContain('it failed several times in a row');
    const answered = await ask(1, { model: 'auto:cost' });
    expect(answered.headers.get('x-signalbox-model')).toBe('big');
    expect(upstream.requests).toHaveLength(seen);
  });

  it('wait for a rate limit together', async () => {
    upstream.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '60' }));
    await (await ask(1, { model: 'small' })).text();
    await eventually(async () => expect(await why(0)).toContain('its rate limit is reached'));
  });

  it('tell a third one what they know when it starts', async () => {
    upstream.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '60' }));
    await (await ask(0, { model: 'small' })).text();
    await eventually(async () => expect(await why(1)).toContain('its rate limit is reached'));
    gateways.push(await startGateway(config()));
    expect(await why(2)).toContain('its rate limit is reached');
  });

  it('show each other’s requests live', async () => {
    const events = await at(1).get('/router/v1/events');
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const reading = (async () => {
      for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) heard += step.value;
    })();
    // The other one hears of a reader a little later.
    await eventually(async () => {
      const response = await ask(0);
      await response.text();
      await soon(() => expect(heard).toContain(response.headers.get('x-signalbox-request-id')));
    });
    await reader?.cancel();
    await reading;
  });

  it('go on without it, say so, and stay ready', async () => {
    const ready = async (index: number) => (await at(index).get('/ready')).json();
    expect(await ready(0)).toMatchObject({ status: 'ready', state: 'ok' });
    await redis.kill();
    await eventually(async () => expect(await ready(0)).toMatchObject({ status: 'degraded' }));
    expect((await at(0).get('/ready')).status).toBe(200);
    expect(await ready(0)).toMatchObject({ state: expect.stringContaining('Redis') });
    expect(await (await at(0).get('/metrics')).text()).toContain('signalbox_state_shared 0');
    upstream.behave(answers);
    const answered = await ask(0, {}, { 'x-signalbox-session': 'while it is gone' });
    expect(answered.status).toBe(200);
    await redis.start();
    await eventually(async () => expect(await ready(0)).toMatchObject({ status: 'ready', state: 'ok' }));
    expect(await (await at(0).get('/metrics')).text()).toContain('signalbox_state_shared 1');
  });
});
