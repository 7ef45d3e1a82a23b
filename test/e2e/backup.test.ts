import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { pickSqlite } from '../../src/ledger/sqlite.ts';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { createSchema, hasPostgres, POSTGRES } from '../support/postgres.ts';

const run = promisify(execFile);
const there =
  (await hasPostgres('backup and restore of PostgreSQL')) &&
  (await run('pg_dump', ['--version']).then(
    () => true,
    () => false,
  ));

let upstream: MockProvider;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const gateways: TestGateway[] = [];

beforeEach(async () => {
  upstream = await startMockProvider();
  folder = await temporaryFolder();
  await mkdir(`${folder.path}/backup`);
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  await upstream.close();
  await folder.remove();
});

async function serve(storage: ConfigInput['storage']): Promise<TestGateway> {
  const gateway = await startGateway({ ...twoModels(upstream.baseUrl), storage });
  gateways.push(gateway);
  return gateway;
}

/** Answers that callers have had when it resolves: none of them may be missing from what is restored. */
async function answered(gateway: TestGateway, count: number): Promise<void> {
  const ask = async () => expect((await gateway.chat(asking('Hi'))).status).toBe(200);
  await Promise.all(Array.from({ length: count }, ask));
}

const journalCopy = (live: string) =>
  cp(live, `${folder.path}/backup/journal`, { recursive: true, filter: (name) => !name.endsWith('.lock') });

/** What a gateway books once it has read its journal. */
async function booked(gateway: TestGateway): Promise<{ readonly ok: number; readonly costUsd: number }> {
  expect(await gateway.engine.ledger.flush()).toBe(true);
  const [total] = await gateway.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 });
  const { requests = 0, interrupted = 0, costUsd = 0 } = total ?? {};
  return { ok: requests - interrupted, costUsd };
}

describe('a backup of a gateway that goes on serving', () => {
  it('of SQLite: first the journal, then the file, has every answered request once', async () => {
    const live = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
    const gateway = await serve(live);
    await answered(gateway, 30);
    const going = answered(gateway, 30);
    await journalCopy(live.journal);
    const database = (await pickSqlite())(`${folder.path}/ledger.db`);
    database.exec(`vacuum into '${folder.path}/backup/ledger.db'`);
    database.close();
    await going;
    const restored = await serve({
      url: `file:${folder.path}/backup/ledger.db`,
      journal: `${folder.path}/backup/journal`,
    });
    const { ok, costUsd } = await booked(restored);
    expect(ok).toBeGreaterThanOrEqual(30);
    expect(ok).toBeLessThanOrEqual(60);
    const each = await restored.engine.ledger.store.entries({ limit: 100 });
    expect(each.filter(({ outcome }) => outcome?.status === 'ok')).toHaveLength(ok);
    // Those that were in flight at that moment are there at their reserves.
    const nano = each.reduce((sum, { outcome }) => sum + (outcome?.cost ?? 0n), 0n);
    expect(costUsd).toBe(Number(`${nano}e-9`));
  });

  it.runIf(there)('of PostgreSQL: first the journal, then pg_dump, has every answered request once', async () => {
    const schema = await createSchema();
    const live = { url: schema.url, journal: `${folder.path}/journal` };
    const gateway = await serve(live);
    await answered(gateway, 30);
    const going = answered(gateway, 30);
    await journalCopy(live.journal);
    const dump = `${folder.path}/backup/ledger.dump`;
    await run('pg_dump', ['--format=custom', `--schema=${schema.name}`, `--file=${dump}`, POSTGRES]);
    await going;
    await gateway.close();
    gateways.length = 0;
    await schema.drop();
    await run('pg_restore', ['--exit-on-error', `--dbname=${POSTGRES}`, dump]);
    const restored = await serve({ url: schema.url, journal: `${folder.path}/backup/journal` });
    const before = await booked(restored);
    expect(before.ok).toBeGreaterThanOrEqual(30);
    expect(before.ok).toBeLessThanOrEqual(60);
    // And it goes on from there.
    await answered(restored, 5);
    expect((await booked(restored)).ok).toBe(before.ok + 5);
    await restored.close();
    gateways.length = 0;
    await schema.drop();
  });
});
