import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let one: FaultServer;
let two: FaultServer;
let gateway: TestGateway;

const KEYS = ['provider-key-1', 'provider-key-2'];

beforeEach(async () => {
  one = await startFaultServer({ tokens: ['Hi'] });
  two = await startFaultServer({ tokens: ['Hi'] });
  const provider = ({ url }: FaultServer) => ({ kind: 'openai', baseUrl: `${url}/v1`, apiKey: KEYS });
  const at = (name: string) => [
    { provider: 'one', model: name },
    { provider: 'two', model: name },
  ];
  gateway = await startGateway({
    providers: { one: provider(one), two: provider(two) },
    models: [
      { id: 'a', quality: 0.9, upstreams: at('up-a') },
      { id: 'b', quality: 0.8, upstreams: at('up-b') },
      { id: 'only-two', provider: 'two', model: 'up-c', quality: 0.1 },
    ],
    routing: { default: 'a' },
  });
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

const ask = (rest: object = {}) => gateway.post('/v1/responses', { model: 'auto', input: 'Hi', ...rest });
const keyOf = ({ calls }: FaultServer) => calls.at(-1)?.headers['authorization'];

/** An answer that the second account of the first provider keeps; everything that was called is forgotten. */
async function kept(rest: object = {}): Promise<string> {
  one.next({ kind: 'auth' });
  const answer = await ask({ model: 'a', ...rest });
  expect([answer.status, keyOf(one)]).toEqual([200, 'Bearer provider-key-2']);
  const raw = await answer.text();
  gateway.engine.runtime.memory.endCoolDowns();
  return /"id":"(resp_[^"]+)"/.exec(raw)?.[1] ?? '';
}

describe('a request that goes on with an answer', () => {
  it.each([false, true])('goes to the provider and the key that gave it (streamed: %s)', async (stream) => {
    const id = await kept({ stream });
    const next = await ask({ previous_response_id: id });
    expect([next.status, next.headers.get('x-signalbox-model')]).toEqual([200, 'a']);
    expect(keyOf(one)).toBe('Bearer provider-key-2');
    expect(two.calls).toHaveLength(0);
  });

  it('goes there with another model too, where the caller names one', async () => {
    const next = await ask({ model: 'b', previous_response_id: await kept() });
    expect([next.status, next.headers.get('x-signalbox-model')]).toEqual([200, 'b']);
    expect([one.calls.at(-1)?.body['model'], keyOf(one)]).toEqual(['up-b', 'Bearer provider-key-2']);
  });

  it('goes there by its conversation', async () => {
    await kept({ conversation: 'conv_1' });
    await ask({ conversation: { id: 'conv_1' } });
    expect([keyOf(one), two.calls.length]).toEqual(['Bearer provider-key-2', 0]);
  });

  it.each([
    ['refuses its key', { kind: 'auth' }, 502],
    ['limits it', { kind: 'busy-after', seconds: 60 }, 429],
    ['is down', { kind: 'error-500' }, 500],
  ] as const)('is told so when that provider %s, and nobody else is called', async (_name, fault, status) => {
    const previous_response_id = await kept();
    const before = one.calls.length;
    one.always(fault);
    for (let n = 0; n < 2; n++) expect((await ask({ previous_response_id })).status).toBe(status);
    expect(new Set(one.calls.slice(before).map(({ headers }) => headers['authorization']))).toEqual(
      new Set(['Bearer provider-key-2']),
    );
    expect(two.calls).toHaveLength(0);
  });

  it('is told so when the model that it names is not at that provider, or the key is gone', async () => {
    const previous_response_id = await kept();
    const before = one.calls.length;
    const elsewhere = await ask({ model: 'only-two', previous_response_id });
    expect(elsewhere.status).toBe(400);
    expect(await elsewhere.text()).toMatch(/only-two cannot serve .*provider \\"one\\" keeps .*resp_/);

    const { config, versions } = gateway.engine.snapshot();
    const { one: first, ...others } = config.providers;
    if (first === undefined) throw new Error('no provider');
    const providers = { ...others, one: { ...first, apiKey: KEYS.slice(0, 1) } };
    await gateway.engine.replace({ config: { ...config, providers }, version: versions.config, warnings: [] });
    const gone = await ask({ previous_response_id });
    expect(gone.status).toBe(400);
    expect(await gone.text()).toMatch(/account keeps resp_.* is not configured any more/);
    expect([one.calls.length, two.calls.length]).toEqual([before, 0]);
  });
});
