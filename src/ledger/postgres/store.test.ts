import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../clock.ts';
import { createSchema, hasPostgres, type TestSchema } from '../../../test/support/postgres.ts';
import { storeConformance } from '../conformance.ts';
import { intentOf, outcomeOf } from '../fixtures.ts';
import { forget } from '../forget.ts';
import { openStore } from '../open-store.ts';
import type { Rec } from '../record.ts';

const there = await hasPostgres('the ledger in PostgreSQL');

describe.runIf(there)('PostgreSQL', () => {
  const schemas: TestSchema[] = [];

  const newSchema = async (): Promise<TestSchema> => {
    const schema = await createSchema();
    schemas.push(schema);
    return schema;
  };

  const dropAll = async () => {
    for (const schema of schemas.splice(0)) await schema.drop();
  };

  describe('as every store', () => {
    let schema: TestSchema | undefined;
    const tables = [
      'requests',
      'decisions',
      'attempts',
      'feedback',
      'usage_hourly',
      'positions',
      'keys',
      'prices',
      'repriced',
      'prompts',
      'erasures',
    ];

    const open = async (clock: Clock) => {
      if (schema === undefined) schema = await createSchema();
      else await schema.ask(tables.map((table) => `delete from ${table}`).join(';'));
      return openStore(schema.url, { clock });
    };
    storeConformance('postgres', open, 8);

    afterAll(() => schema?.drop());
  });

  afterEach(dropAll);

  it('stores nothing that is forgotten, however many write meanwhile', async () => {
    const { url, ask } = await newSchema();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url, { clock: systemClock })));
    const [first] = stores;
    const now = Date.now();
    const stop = new AbortController();
    let written = 0;
    const writing = stores.map(async (store, who) => {
      for (let i = 0; !stop.signal.aborted || i < 20; i++) {
        const intent = intentOf(`r${who}-${i}`, now, { session: 's', user: 'u' });
        await store.append([{ ...intent, prompt: { body: 'b' } }, outcomeOf(intent.id, now, 1n)]);
        written++;
      }
    });
    await first?.append([intentOf('r', now, { session: 's' })]);
    if (first !== undefined) {
      await forget({ store: first, flush: async () => true }, { session: 's' }, { id: 'e1', now: now + 1000 });
    }
    stop.abort();
    await Promise.all(writing);
    const names = 'count(*)::int as all, count(session)::int as sessions, count(user_id)::int as users';
    expect(await ask(`select ${names} from requests`)).toEqual([{ all: written + 1, sessions: 0, users: 0 }]);
    expect(await ask('select count(*)::int as n from prompts')).toEqual([{ n: 0 }]);
    for (const store of stores) await store.close();
  });

  it('keeps amounts and counts exactly that a double cannot', async () => {
    const { url, ask } = await newSchema();
    const store = await openStore(url, { clock: systemClock });
    const now = Date.now();
    const most = 2n ** 53n + 1n;
    const records = ['a', 'b'].flatMap((id): Rec[] => [intentOf(id, now), outcomeOf(id, now, most)]);
    await store.append(records);
    expect((await store.entry('a'))?.outcome).toMatchObject({ cost: most, baselineCost: most * 10n });
    expect(await ask('select sum(cost_nano)::text as sum from usage_hourly')).toEqual([{ sum: String(2n * most) }]);
    await store.close();
  });

  it('keeps text that it has no place for, rather than stand still before it', async () => {
    const { url } = await newSchema();
    const store = await openStore(url, { clock: systemClock });
    const now = Date.now();
    await store.append([
      intentOf('a', now, { requested: 'nul\0 and half \ud83d', user: 'u\0', session: 's\0' }),
      outcomeOf('a', now, 1n),
    ]);
    const entry = await store.entry('a');
    expect(entry?.intent.request).toMatchObject({ requested: 'nul\ufffd and half \ufffd', user: 'u\ufffd' });
    expect(entry?.outcome).toMatchObject({ cost: 1n });
    expect(await store.entries({ limit: 5, session: 's\0' })).toHaveLength(1);
    await store.close();
  });

  it('is brought to its schema by several processes at once', async () => {
    const { url, ask } = await newSchema();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(url, { clock: systemClock })));
    const now = Date.now();
    await Promise.all(stores.map((store, i) => store.append([intentOf(`r${i}`, now), outcomeOf(`r${i}`, now, 1n)])));
    expect(await stores[0]?.usage({ since: 0, until: now + 1 })).toMatchObject([{ requests: 6 }]);
    expect(await ask('select count(*)::int as n from kysely_migration')).not.toEqual([{ n: 0 }]);
    for (const store of stores) await store.close();
  });

  it('counts once what several processes deliver at once', async () => {
    const { url } = await newSchema();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url, { clock: systemClock })));
    const now = Date.now();
    const records = Array.from({ length: 150 }, (_, i): Rec[] => [
      intentOf(`r${i}`, now - i, { role: `role${i % 3}` }),
      outcomeOf(`r${i}`, now, 2n),
    ]).flat();
    // Each begins elsewhere, so that their rows and their sums meet in every order.
    await Promise.all(
      stores.map(async (store, i) => {
        const turned = [...records.slice(i * 70), ...records.slice(0, i * 70)];
        for (let at = 0; at < turned.length; at += 60) {
          await store.append(turned.slice(at, at + 60), { source: `s${i}`, at: { segment: 'x', offset: at } });
        }
      }),
    );
    const [total] = (await stores[0]?.usage({ since: 0, until: now + 1 })) ?? [];
    expect(total).toMatchObject({ requests: 150, costUsd: 300e-9, inputTokens: 1500 });
    for (const store of stores) await store.close();
  });
});
