import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMockProvider, answers, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const [ANN, BOB] = ['sb-0123456789-of-ann', 'sb-0123456789-of-bob'];

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  upstream.behave(answers);
  gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    auth: {
      keys: [
        { name: 'ann', key: ANN },
        { name: 'bob', key: BOB },
      ],
    },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });

async function turn(key: string): Promise<string | null> {
  const response = await gateway.chat(asking('Hi'), { ...as(key), 'x-signalbox-session': 'chat-1' });
  expect(response.status).toBe(200);
  return response.headers.get('x-signalbox-session');
}

const score = (key: string, session: string) =>
  fetch(`${gateway.url}/router/v1/feedback`, {
    method: 'POST',
    headers: { ...as(key), 'content-type': 'application/json' },
    body: JSON.stringify({ session, score: 1 }),
  });

describe('a session', () => {
  it('is its key’s own, whatever another key calls one', async () => {
    expect(await turn(ANN)).toBe('initialize');
    expect(await turn(ANN)).toBe('retain');
    expect(await turn(BOB)).toBe('initialize');
  });

  it('can be scored by its key alone', async () => {
    await turn(ANN);
    expect((await score(ANN, 'chat-1')).status).toBe(202);
    const refused = await score(BOB, 'chat-1');
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { code: 'decision_not_found' } });
  });
});
