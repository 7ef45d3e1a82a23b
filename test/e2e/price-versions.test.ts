import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import { priceVersion } from '../../src/catalog/hash.ts';
import { answers, json, startMockProvider, streamEvents, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), retries: { max: 0 } });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

async function booked(model: string) {
  const response = await gateway.chat(asking('Hi', { model }));
  await response.text();
  return (await gateway.entryOf(response))?.outcome?.attempts ?? [];
}

describe('a call', () => {
  it('names the price that it was booked at, also when the price has changed since', async () => {
    const [first] = await booked('small');
    expect(first?.price).toMatchObject({ input: 1, output: 2, provenance: { source: 'config' } });
    const config = twoModels(upstream.baseUrl);
    const models = config.models.map((model) => ({ ...model, price: { input: 3, output: 6 } }));
    const loaded = await checkedConfig({ ...config, models }, {});
    await gateway.engine.replace(loaded);
    const [second] = await booked('small');
    expect(second?.price).toMatchObject({ input: 3, output: 6 });
    expect(second?.cost).toBe((first?.cost ?? 0n) * 3n);
    const stored = await gateway.engine.ledger.store.prices();
    for (const attempt of [first, second]) {
      const version = attempt?.price === undefined ? '' : priceVersion('one/up-small', attempt.price);
      expect(stored.filter((one) => one.version === version)).toHaveLength(1);
    }
  });

  it('that was refused names it too, one whose price is unknown names none', async () => {
    upstream.behave(json('{"error":{"message":"no"}}', 400));
    expect((await booked('small'))[0]).toMatchObject({ cost: 0n, price: { input: 1 } });
    const config = twoModels(upstream.baseUrl);
    const models = [{ id: 'small', provider: 'one', model: 'nobody-knows-it' }];
    await gateway.engine.replace(await checkedConfig({ ...config, models, routing: {} }, {}));
    const [unknown] = await booked('small');
    expect(unknown).toMatchObject({ upstream: 'one/nobody-knows-it' });
    expect(unknown?.price).toBeUndefined();
  });
});

describe('pricing anew at the same prices', () => {
  it('changes nothing of an answer that another upstream went on with', async () => {
    let calls = 0;
    upstream.behave(async (request, response) => {
      if (++calls > 1) return answers(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const [head = '', word = ''] = streamEvents(['Hello', ' there']);
      response.write(head + word, () => response.destroy());
    });
    const response = await gateway.chat(asking('Hi', { stream: true }));
    expect(await response.text()).toContain('data: [DONE]');
    const { store } = gateway.engine.ledger;
    const entry = await gateway.entryOf(response);
    expect(entry?.outcome?.attempts).toHaveLength(2);
    const { models, byId } = gateway.engine.snapshot().catalog;
    const upstreams = models.flatMap((model) => model.upstreams);
    const filter = { since: 0, until: Date.now() + 1, limit: 10, dryRun: true };
    const result = await store.reprice(filter, {
      of: (call) => upstreams.find(({ id }) => id === call.upstream)?.price ?? null,
      baseline: (model) => byId.get(model)?.upstreams[0]?.price ?? null,
    });
    expect(result).toMatchObject({ requests: 1, changed: 0 });
  });
});
