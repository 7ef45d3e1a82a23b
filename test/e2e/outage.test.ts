import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { manualClock, type ManualClock } from '../../src/state/conformance.ts';
import { answers, completion, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;
let gateway: TestGateway;
let clock: ManualClock;

beforeEach(async () => {
  one = await startMockProvider();
  two = await startMockProvider();
  clock = manualClock();
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

async function start(change: Partial<ConfigInput> = {}): Promise<void> {
  gateway = await startGateway({ ...twoModels(one.baseUrl, two.baseUrl), ...change }, { clock });
}

/** The model that answered. */
async function ask(rest: object = {}): Promise<string | null> {
  const response = await gateway.chat(asking('Hi', rest));
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get('x-signalbox-model');
}

const keys = (provider: MockProvider) => provider.requests.map(({ headers }) => headers.authorization);
const pool = (second = one.baseUrl): Partial<ConfigInput> => {
  const base = twoModels(one.baseUrl, second);
  return { providers: { ...base.providers, one: { kind: 'openai', baseUrl: one.baseUrl, apiKey: ['k1', 'k2'] } } };
};

it.each([503, 500])('an upstream that answers %i for 60 s under 20 requests, 4 s apart', async (status) => {
  await start();
  const models: (string | null)[] = [];
  let calls = 0;
  for (let n = 0; n < 20; n++) {
    const down = n * 4 < 60;
    one.behave(down ? json('{"error":{"message":"down"}}', status) : answers);
    models.push(await ask());
    if (down) calls = one.requests.length;
    clock.advance(4000);
  }
  expect(models.slice(0, 15).every((model) => model === 'big')).toBe(true);
  expect(calls).toBeLessThanOrEqual(6);
  // Recovered at 60 s, asked again by 84 s: within 30 s.
  expect(models.slice(-2)).toEqual(['small', 'small']);
});

describe('a pool of keys', () => {
  it('goes on with the next key when one is refused, for other models of the provider too', async () => {
    await start(pool());
    one.behave((request, response) =>
      request.headers.authorization === 'Bearer k1'
        ? json('{"error":{"message":"no"}}', 401)(request, response)
        : answers(request, response),
    );
    expect(await ask()).toBe('small');
    expect(await ask()).toBe('small');
    expect(keys(one)).toEqual(['Bearer k1', 'Bearer k2', 'Bearer k2']);
    clock.advance(30_001);
    expect(await ask()).toBe('small');
    expect(keys(one).slice(3)).toEqual(['Bearer k1', 'Bearer k2']);
  });

  it('is used one key after the other as they are limited, and then left alone', async () => {
    await start(pool(two.baseUrl));
    const limited = json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '30' });
    one.behave((request, response) =>
      (request.headers.authorization === 'Bearer k1' ? limited : answers)(request, response),
    );
    expect([await ask(), await ask()]).toEqual(['small', 'small']);
    one.behave(limited);
    expect([await ask(), await ask()]).toEqual(['big', 'big']);
    expect(keys(one)).toEqual(['Bearer k1', 'Bearer k2', 'Bearer k2', 'Bearer k2']);
  });
});

describe('rate-limit headers', () => {
  it.each([false, true])(
    'of a good answer spare the next request a refusal, until the reset (streamed: %s)',
    async (stream) => {
      await start();
      const left = (remaining: number) => ({
        'x-ratelimit-remaining-requests': String(remaining),
        'x-ratelimit-reset-requests': '20s',
      });
      one.behave((request, response) => {
        for (const [name, value] of Object.entries(left(0))) response.setHeader(name, value);
        return answers(request, response);
      });
      expect(await ask({ stream })).toBe('small');
      one.behave(answers);
      expect(await ask({ stream })).toBe('big');
      clock.advance(20_000);
      expect(await ask({ stream })).toBe('small');
    },
  );

  it('of tokens let only requests in that fit', async () => {
    await start();
    one.behave(json(completion(), 200, { 'x-ratelimit-remaining-tokens': '500', 'x-ratelimit-reset-tokens': '20s' }));
    expect(await ask()).toBe('small');
    expect(await ask({ messages: [{ role: 'user', content: 'word '.repeat(2000) }] })).toBe('big');
    expect(await ask()).toBe('small');
  });
});
