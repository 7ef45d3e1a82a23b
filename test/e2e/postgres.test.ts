import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { createSchema, hasPostgres, POSTGRES, type TestSchema } from '../support/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const there = await hasPostgres('gateways on PostgreSQL');

describe.runIf(there)('a gateway whose ledger is PostgreSQL', () => {
  let upstream: MockProvider;
  let proxy: TcpProxy;
  let schema: TestSchema;
  const gateways: TestGateway[] = [];
  const lines: string[] = [];

  const note = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: note, info: note, warn: note, error: note };

  beforeEach(async () => {
    upstream = await startMockProvider();
    const { hostname, port } = new URL(POSTGRES);
    proxy = await startTcpProxy({ host: hostname, port: Number(port || 5432) });
    schema = await createSchema(proxy.port);
    lines.length = 0;
  });

  afterEach(async () => {
    proxy.pass();
    for (const gateway of gateways.splice(0)) await gateway.close();
    await proxy.close();
    await upstream.close();
    await schema.drop();
  });

  /** Through the proxy, with a password that nobody may be told, and little patience. */
  const url = () => {
    const found = new URL(schema.url);
    found.password = 'hunter2';
    return `${found.href.replaceAll('+', '%20')}&connect_timeout=1&statement_timeout=300`;
  };
  const start = async (storage: ConfigInput['storage'] = {}): Promise<TestGateway> => {
    const config = { ...twoModels(upstream.baseUrl), storage: { url: url(), ...storage } };
    const gateway = await startGateway(config, { log });
    gateways.push(gateway);
    return gateway;
  };
  const ask = async (gateway: TestGateway, count: number) => {
    for (let i = 0; i < count; i++) expect((await gateway.chat(asking('Hi'))).status).toBe(200);
  };
  const ready = async (gateway: TestGateway) =>
    (await (await gateway.get('/ready')).json()) as { status: string; ledger: { store: string; behindBytes: number } };
  /** What is booked; undefined while there is no table. */
  const requests = async () =>
    (await schema.ask('select coalesce(sum(requests), 0)::int as n from usage_hourly').catch(() => []))[0]?.['n'];
  const caughtUp = (gateway: TestGateway, count: number) =>
    expect
      .poll(async () => [await requests(), (await ready(gateway)).status], { timeout: 15_000 })
      .toEqual([count, 'ready']);

  it('keeps and lists requests there', async () => {
    const gateway = await start();
    const response = await gateway.chat(asking('Hi'));
    expect(await gateway.entryOf(response)).toMatchObject({ outcome: { status: 'ok' } });
    const usage = (await (await gateway.get('/router/v1/usage')).json()) as { data: { requests: number }[] };
    expect(usage.data[0]).toMatchObject({ requests: 1 });
    expect((await ready(gateway)).ledger).toMatchObject({ driver: 'pg', store: 'ok' });
  });

  const breaks: readonly (readonly [string, () => void | Promise<void>])[] = [
    ['refuses connections', () => proxy.refuse()],
    ['cuts them', () => proxy.cut()],
    ['takes them and says nothing', () => proxy.hang()],
  ];

  it.each(breaks)('answers while it %s, says so, and catches up, each request once', async (name, breakIt) => {
    const gateway = await start();
    await ask(gateway, 3);
    await caughtUp(gateway, 3);
    await breakIt();
    await ask(gateway, 5);
    if (!name.startsWith('cuts')) {
      await expect.poll(async () => (await ready(gateway)).status, { timeout: 15_000 }).toBe('degraded');
      const { store, behindBytes } = (await ready(gateway)).ledger;
      expect(store).toMatch(/cannot be reached/);
      expect(behindBytes).toBeGreaterThan(0);
      expect(await (await gateway.get('/metrics')).text()).toMatch(/^signalbox_store_up 0$/m);
      expect(lines.join('\n')).toContain('the store takes no records; the journal keeps them');
      // Whoever asks for what is in it is told, in time, too.
      const usage = await gateway.get('/router/v1/usage');
      expect([usage.status, await usage.text()]).toEqual([503, expect.stringContaining('storage_unavailable')]);
    }
    await ask(gateway, 2);
    proxy.pass();
    await caughtUp(gateway, 10);
    expect(await schema.ask('select count(*)::int as n from requests where status is null')).toEqual([{ n: 0 }]);
    const told = [...lines, await (await gateway.get('/ready')).text(), await (await gateway.get('/metrics')).text()];
    expect(told.join('\n')).not.toContain('hunter2');
  });

  it('starts while it is down, and when it hangs', async () => {
    proxy.hang();
    const hung = await start();
    await ask(hung, 2);
    expect((await ready(hung)).status).toBe('degraded');
    await proxy.refuse();
    const down = await start();
    await ask(down, 3);
    expect((await ready(down)).status).toBe('degraded');
    proxy.pass();
    await caughtUp(down, 5);
    await caughtUp(hung, 5);
    expect(lines.join('\n')).not.toContain('hunter2');
  });

  it('keeps for the next start what it could not be told', async () => {
    const folder = await temporaryFolder();
    const storage = { journal: `${folder.path}/journal` };
    await proxy.refuse();
    const gateway = await start(storage);
    await ask(gateway, 4);
    await gateway.close();
    gateways.length = 0;
    expect(await requests()).toBeUndefined();
    proxy.pass();
    await caughtUp(await start(storage), 4);
    await folder.remove();
  });

  it('cuts and restarts in the middle of batches change no number', async () => {
    const gateway = await start();
    for (let round = 0; round < 12; round++) {
      await Promise.all([ask(gateway, 5), ask(gateway, 5)]);
      proxy.cut();
    }
    await caughtUp(gateway, 120);
    const [sums] = await schema.ask('select sum(cost_nano)::text as nano from usage_hourly');
    expect(sums).toEqual((await schema.ask('select sum(cost_nano)::text as nano from requests'))[0]);
  });

  it.each([
    [
      'a user that is not there',
      (found: URL) => (found.username = 'nobody_here'),
      /nobody_here.*check the user|role "nobody_here"/,
    ],
    [
      'a database that is not there',
      (found: URL) => (found.pathname = '/not_there'),
      /does not exist; create that database/,
    ],
    [
      'a schema that is not there',
      (found: URL) => found.searchParams.set('options', '-csearch_path=not_there'),
      /create the schema/,
    ],
  ])('refuses to start with %s, and says what to do', async (_name, spoil, message) => {
    const found = new URL(url());
    spoil(found);
    const error: unknown = await start({ url: found.href }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'storage_unavailable', message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('hunter2');
  });
});
