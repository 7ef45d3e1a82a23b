import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, resets, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;
let gateway: TestGateway;

const VECTORS =
  '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25]}],"model":"up-small","usage":{"prompt_tokens":8,"total_tokens":8}}';

beforeEach(async () => {
  one = await startMockProvider(json(VECTORS));
  two = await startMockProvider(json(VECTORS));
  gateway = await startGateway(twoModels(one.baseUrl, two.baseUrl));
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

const embed = (body: object, path = '/v1/embeddings') =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('embeddings', () => {
  it('pass through to the named model and are on the ledger at its price', async () => {
    const response = await embed({ model: 'small', input: 'Hello', dimensions: 2 });
    expect(await response.text()).toBe(VECTORS);
    expect(one.requests[0]?.path).toBe('/v1/embeddings');
    expect(JSON.parse(one.requests[0]?.body ?? '{}')).toEqual({ model: 'up-small', input: 'Hello', dimensions: 2 });
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    expect(gateway.engine.runtime.recent.request(id)?.outcome).toMatchObject({
      status: 'ok',
      usage: { input: 8, output: 0 },
    });
  });

  it('are never routed, and never move to another model', async () => {
    const routed = await embed({ model: 'auto', input: 'Hello' });
    expect(routed.status).toBe(400);
    expect(await routed.text()).toContain('Name one of small, big');
    one.behave(resets);
    const failed = await embed({ model: 'small', input: ['Hello', 'there'] });
    expect(failed.status).toBe(502);
    expect(two.requests).toHaveLength(0);
  });

  it('say what is wrong with their input', async () => {
    for (const input of [undefined, [], 7]) {
      const response = await embed({ model: 'small', input });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('input: expected a string');
    }
  });

  it('name what Ollama’s client says and OpenAI’s dialect cannot', async () => {
    const asked = { model: 'small', input: 'Hello', keep_alive: '5m', options: { num_ctx: 9 } };
    const warnings = async (truncate: boolean) =>
      (await embed({ ...asked, truncate }, '/api/embed')).headers.get('x-signalbox-warnings');
    expect(await warnings(true)).toBe('dropped:keep_alive,dropped:options,dropped:truncate');
    expect(await warnings(false)).toBe('dropped:keep_alive,dropped:options');
    expect(
      (await embed({ model: 'small', input: 'Hello' }, '/api/embed')).headers.get('x-signalbox-warnings'),
    ).toBeNull();
  });

  it('are given as Ollama gives them', async () => {
    const many = await embed({ model: 'small', input: ['Hello'] }, '/api/embed');
    expect(await many.json()).toMatchObject({ embeddings: [[0.5, -0.25]], prompt_eval_count: 8 });
    const single = await embed({ model: 'small', prompt: 'Hello' }, '/api/embeddings');
    expect(await single.json()).toEqual({ embedding: [0.5, -0.25] });
    const wrong = await embed({ model: 'small' }, '/api/embed');
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: expect.stringContaining('input: expected') }]);
  });
});
