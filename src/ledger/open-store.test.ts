import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { storeConformance } from './conformance.ts';
import { deferStore } from './deferred-store.ts';
import { MIGRATION_TABLE } from './migrations/names.ts';
import { openStore } from './open-store.ts';
import { pickSqlite } from './sqlite.ts';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-store-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const newFile = () => join(folder, `${files++}.db`);

storeConformance('a file that has the schema already', async (clock) => {
  const url = `file:${newFile()}`;
  await (await openStore(url, { clock })).close();
  return openStore(url, { clock });
});

describe('a file that has another schema', () => {
  const noteAs = async (path: string, sql: string) => {
    await (await openStore(`file:${path}`, { clock: systemClock })).close();
    const database = (await pickSqlite())(path);
    database.exec(sql);
    database.close();
  };

  it('of a newer version is refused', async () => {
    const path = newFile();
    await noteAs(path, `insert into ${MIGRATION_TABLE} (name, timestamp) values ('9999-later', '2099-01-01')`);
    await expect(openStore(`file:${path}`, { clock: systemClock })).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining('written by a newer Signalbox (it has the schema "9999-later")'),
    });
  });
});

it('a file that others may read, such as a backup that was put back, is closed to them', async () => {
  const path = newFile();
  const url = `file:${path}`;
  const other = await openStore(url, { clock: systemClock });
  const files = ['', '-wal', '-shm'].map((companion) => path + companion);
  for (const file of files) await chmod(file, 0o644);
  const store = await openStore(url, { clock: systemClock });
  for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
  await store.close();
  await other.close();
});

describe('a deferred store', () => {
  it('loads its queries once, when the first is asked', async () => {
    const database = (await pickSqlite())(newFile());
    let loads = 0;
    const store = deferStore(database, () => {
      loads++;
      return openStore('memory:', { clock: systemClock });
    });
    expect(store.driver).toBe(database.driver);
    expect(loads).toBe(0);
    await Promise.all([store.position('a'), store.entries({ limit: 1 })]);
    expect(loads).toBe(1);
    await store.close();
    database.close();
  });

  it('tries again after it could not load', async () => {
    const database = (await pickSqlite())(newFile());
    let loads = 0;
    const store = deferStore(database, () =>
      loads++ === 0 ? Promise.reject(new Error('not now')) : openStore('memory:', { clock: systemClock }),
    );
    await expect(store.entries({ limit: 1 })).rejects.toThrow('not now');
    await expect(store.entries({ limit: 1 })).resolves.toEqual([]);
    await store.close();
    database.close();
  });

  it('that nobody asked closes the database itself', async () => {
    const database = (await pickSqlite())(newFile());
    await deferStore(database, () => Promise.reject(new Error('never'))).close();
    expect(() => database.exec('select 1')).toThrow(/open/);
  });
});
