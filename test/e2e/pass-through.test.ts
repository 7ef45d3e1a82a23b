import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, resets, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  one = await startMockProvider(json('{"from":"one"}'));
  two = await startMockProvider(json('{"from":"two"}'));
  gateway = await startGateway(twoModels(one.baseUrl, two.baseUrl));
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

const outcomeOf = (id: string) => gateway.engine.runtime.recent.request(id)?.outcome;

describe('a route that nothing here reads', () => {
  it('goes to the provider of its model with the model’s name there, unpriced on the ledger', async () => {
    const response = await gateway.post(
      '/v1/moderations',
      { model: 'big', input: 'Hi' },
      { authorization: 'Bearer mine' },
    );
    expect(await response.json()).toEqual({ from: 'two' });
    expect(two.requests[0]).toMatchObject({ path: '/v1/moderations', body: '{"model":"up-big","input":"Hi"}' });
    expect(two.requests[0]?.headers.authorization).toBe('Bearer provider-key-2');
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    expect(outcomeOf(id)).toMatchObject({ status: 'ok', model: 'big', provider: 'two', cost: null });
  });

  it('keeps a form as it is, and reads the model in it', async () => {
    const form = new FormData();
    form.set('model', 'small');
    form.set('file', new Blob(['\u0000\u0001sound']), 'a.wav');
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(await response.json()).toEqual({ from: 'one' });
    expect(one.requests[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(one.requests[0]?.body).toContain('sound');
  });

  it('goes to the named provider where there is no model, with its query and method', async () => {
    const named = { 'x-signalbox-provider': 'two' };
    expect(await (await gateway.get('/v1/files?limit=2', named)).json()).toEqual({ from: 'two' });
    expect(two.requests[0]?.path).toBe('/v1/files?limit=2');
    await fetch(`${gateway.url}/v1/files/f1`, { method: 'DELETE', headers: named });
    expect(two.requests[1]?.path).toBe('/v1/files/f1');
  });

  it('says what is missing', async () => {
    const nobody = await gateway.get('/v1/files');
    expect(nobody.status).toBe(400);
    expect(await nobody.text()).toContain('x-signalbox-provider: one or two');
    const unknown = await gateway.get('/v1/files', { 'x-signalbox-provider': 'three' });
    expect(await unknown.text()).toContain('there are one, two');
    expect((await gateway.post('/v1/completions', { model: 'auto', prompt: 'Hi' })).status).toBe(400);
    expect((await gateway.post('/v1/completions', '{"model":')).status).toBe(400);
  });

  it('passes an error on as it is, and is settled when there is no answer', async () => {
    one.behave(json('{"error":{"message":"no such file"}}', 404));
    const missing = await gateway.get('/v1/files/f2', { 'x-signalbox-provider': 'one' });
    expect([missing.status, await missing.text()]).toEqual([404, '{"error":{"message":"no such file"}}']);
    one.behave(json('{"error":{"message":"Incorrect API key provided: provi*****ey-1"}}', 401));
    const refused = await gateway.get('/v1/files/f2', { 'x-signalbox-provider': 'one' });
    expect(refused.status).toBe(502);
    expect(await refused.text()).not.toContain('ey-1');
    one.behave(resets);
    const gone = await gateway.get('/v1/files/f3', { 'x-signalbox-provider': 'one' });
    expect(gone.status).toBe(502);
    expect(outcomeOf(gone.headers.get('x-signalbox-request-id') ?? '')).toMatchObject({
      status: 'failed',
      attempts: [{ failure: 'sick' }],
    });
  });
});
