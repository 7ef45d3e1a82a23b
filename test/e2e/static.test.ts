import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: FaultServer;
let two: FaultServer;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  one = await startFaultServer({ tokens: ['Hi'] });
  two = await startFaultServer({ tokens: ['Hi'] });
});

afterEach(async () => {
  await gateway?.close();
  await one.close();
  await two.close();
});

/** `small` is the default, and `big` would be the better one. */
async function start(routing: ConfigInput['routing']): Promise<TestGateway> {
  gateway = await startGateway({
    ...twoModels(`${one.url}/v1`, `${two.url}/v1`),
    routing: { default: 'small', ...routing },
  });
  return gateway;
}

const LIMITED = { kind: 'busy-after', seconds: 60 } as const;

describe.each([
  ['strategy: static', { strategy: 'static' }],
  ['mode: off', { mode: 'off' }],
] as const)('while the default of %s cools down', (_name, routing) => {
  it.each([
    ['none written', {}],
    ['fallbacks: []', { fallbacks: [] }],
  ])('no other model is asked with %s: the error says when to come back', async (_written, fallbacks) => {
    one.always(LIMITED);
    const served = await start({ ...routing, ...fallbacks });
    expect((await served.chat(asking('Hi'))).status).toBe(429);
    const refused = await served.chat(asking('Hi'));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^(?:59|60)$/);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await refused.text()).toMatch(/small: is left alone for now/);
    expect([one.calls.length, two.calls.length]).toEqual([1, 0]);
  });

  it('asks it all the same where that does no harm', async () => {
    one.always({ kind: 'error-500' });
    const served = await start({ ...routing, fallbacks: [] });
    for (let n = 0; n < 4; n++) await served.chat(asking('Hi'));
    one.always({ kind: 'ok' });
    const answer = await served.chat(asking('Hi'));
    expect([answer.status, answer.headers.get('x-signalbox-model')]).toEqual([200, 'small']);
    expect(two.calls).toHaveLength(0);
  });

  it('lets the written fallback answer, and names it', async () => {
    one.always(LIMITED);
    const served = await start({ ...routing, fallbacks: ['big'] });
    for (let n = 0; n < 2; n++) {
      const answer = await served.chat(asking('Hi'));
      expect([answer.status, answer.headers.get('x-signalbox-model')]).toEqual([200, 'big']);
      expect(answer.headers.get('x-signalbox-fallback')).toBe('true');
    }
    expect([one.calls.length, two.calls.length]).toEqual([1, 2]);
  });
});
