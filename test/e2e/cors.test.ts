import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const LISTED = 'https://app.example';
const KEY = 'sb-0123456789abcdef0123';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  // Written with a path: an origin has none.
  const auth = { mode: 'required' as const, origins: [`${LISTED}/`], keys: [{ name: 'page', key: KEY }] };
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), auth });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const allowed = (response: Response) => response.headers.get('access-control-allow-origin');
const page = { origin: LISTED, 'sec-fetch-site': 'cross-site' };
const withKey = { ...page, authorization: `Bearer ${KEY}` };

describe('a page of a listed origin', () => {
  it('may ask first', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { ...page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
    expect(response.status).toBe(204);
    expect(allowed(response)).toBe(LISTED);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization');
  });

  it.each([
    ['an answer', 200, () => gateway.chat(asking('Hi'), withKey)],
    ['a stream', 200, () => gateway.chat(asking('Hi', { stream: true }), withKey)],
    ['a list', 200, () => gateway.get('/v1/models', withKey)],
    ['an error', 404, () => gateway.chat(asking('Hi', { model: 'nosuch' }), withKey)],
    ['that its key is missing', 401, () => gateway.chat(asking('Hi'), page)],
    ['that, on other routes too', 401, () => gateway.get('/v1/models', page)],
  ])('may read %s (%i)', async (_name, status, ask) => {
    const response = await ask();
    await response.text();
    expect(response.status).toBe(status);
    expect(allowed(response)).toBe(LISTED);
    expect(response.headers.get('vary')).toContain('origin');
    if (response.url.includes('chat')) {
      expect(response.headers.get('access-control-expose-headers')).toContain('x-signalbox-request-id');
    }
  });
});

it('a page of any other origin may neither ask nor read', async () => {
  for (const headers of [
    { ...withKey, origin: 'https://evil.example' },
    { ...withKey, origin: `${LISTED}.evil.example` },
  ]) {
    for (const response of [await gateway.chat(asking('Hi'), headers), await gateway.get('/v1/models', headers)]) {
      expect(response.status).toBe(403);
      expect(allowed(response)).toBeNull();
    }
  }
  expect(upstream.requests).toHaveLength(0);
});
