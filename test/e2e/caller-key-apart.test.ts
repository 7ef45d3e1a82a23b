import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { answers, type SeenRequest } from '../mock-provider/mock-provider.ts';
import { onItsWire, startCallersHosts, type CallersHosts } from '../support/caller-keys.ts';
import { asking, type TestGateway } from '../support/gateway.ts';

const ANN = { authorization: 'Bearer sk-of-ann-0123456789' };
const BOB = { authorization: 'Bearer sk-of-bob-0123456789' };
const NOBODY = {};
type Headers = Readonly<Record<string, string>>;

let running: CallersHosts | undefined;
const start = async (change?: (base: ConfigInput) => Partial<ConfigInput>) =>
  (running = await startCallersHosts(change));

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const asked = ({ requests }: { readonly requests: readonly SeenRequest[] }) =>
  requests.map(({ headers }) => /of-(\w+)/.exec(headers.authorization ?? '')?.[1]);

describe('callers with keys of their own share nothing', () => {
  const cached = async (gateway: TestGateway, caller: Headers, rest: object = {}) => {
    const headers = { ...caller, 'x-signalbox-cache': 'on' };
    const response = await gateway.chat(asking('Hi', { model: 'gpt', ...rest }), headers);
    await response.text();
    return response.headers.get('x-signalbox-cache');
  };

  it.each(['memory', 'store'] as const)('no kept answer (%s)', async (tier) => {
    const { gateway, hosts } = await start(() => ({ cache: { tier } }));
    expect(await cached(gateway, ANN)).toBe('miss');
    expect(await cached(gateway, ANN)).toBe('hit');
    expect(await cached(gateway, BOB)).toBe('miss');
    expect(await cached(gateway, { 'x-api-key': 'sk-of-ann-0123456789' })).toBe('miss');
    expect((await gateway.chat(asking('Hi', { model: 'gpt' }), { 'x-signalbox-cache': 'on' })).status).toBe(401);
    expect(hosts.openai.requests).toHaveLength(3);
    // The house's answers are kept for each of them apart, too.
    const own = { model: 'own' };
    expect([await cached(gateway, ANN, own), await cached(gateway, ANN, own)]).toEqual(['miss', 'hit']);
    expect([await cached(gateway, BOB, own), await cached(gateway, NOBODY, own)]).toEqual(['miss', 'miss']);
  });

  it.each([false, true])('no answer that is being made (streamed: %s)', async (stream) => {
    const { gateway, hosts } = await start();
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    hosts.openai.behave(async (request, response) => {
      await gate;
      await answers(request, response);
    });
    const all = [ANN, ANN, BOB].map((caller) => cached(gateway, caller, { stream }));
    await expect.poll(() => hosts.openai.requests.length).toBe(2);
    release();
    expect(await Promise.all(all)).toEqual(['miss', 'shared', 'miss']);
    expect(new Set(asked(hosts.openai))).toEqual(new Set(['ann', 'bob']));
  });

  it('no session, and nothing of what is cached in one', async () => {
    const { gateway } = await start();
    const turn = async (caller: Headers) => {
      const headers = { ...caller, 'x-signalbox-session': 'chat-1' };
      const response = await gateway.chat(asking('Hi', { model: 'gpt' }), headers);
      const entry = await gateway.entryOf(response);
      return [response.headers.get('x-signalbox-session'), entry?.intent.decision.cached?.model];
    };
    expect(await turn(ANN)).toEqual(['initialize', undefined]);
    expect(await turn(ANN)).toEqual(['retain', 'gpt']);
    expect(await turn(BOB)).toEqual(['initialize', undefined]);
    const nobody = await gateway.chat(asking('Hi', { model: 'own' }), { 'x-signalbox-session': 'chat-1' });
    expect(nobody.headers.get('x-signalbox-session')).toBe('initialize');
  });

  it('no answer that a provider keeps, not even with an administrator', async () => {
    const OURS = { 'x-signalbox-key': 'sb-0123456789-administrator' };
    const { gateway, hosts } = await start(() => ({
      auth: { keys: [{ name: 'root', key: OURS['x-signalbox-key'], admin: true }] },
    }));
    hosts.openai.behave(onItsWire);
    const ask = (caller: Headers, rest: object = {}) =>
      gateway.post('/v1/responses', { model: 'gpt', input: 'Hi', ...rest }, caller);
    const { id } = (await (await ask({ ...ANN, ...OURS })).json()) as { id: string };
    const goOn = { model: 'auto', previous_response_id: id };
    for (const other of [{ ...BOB, ...OURS }, BOB, OURS, NOBODY]) {
      const refused = await ask(other, goOn);
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringContaining(`no answer or conversation \\"${id}`),
      ]);
    }
    const own = await ask({ ...ANN, ...OURS }, goOn);
    expect([own.status, own.headers.get('x-signalbox-model')]).toEqual([200, 'gpt']);
    expect(asked(hosts.openai)).toEqual(['ann', 'ann']);
  });
});
