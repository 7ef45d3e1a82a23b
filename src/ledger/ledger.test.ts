import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import * as machine from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { storeConformance } from './conformance.ts';
import { feedbackOf, intentOf, outcomeOf } from './fixtures.ts';
import { openJournal } from './journal-file.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { openStore } from './open-store.ts';
import { pickSqlite } from './sqlite.ts';

storeConformance('sqlite', (clock) => openStore('memory:', { clock }));

let folder: string;
const opened: Ledger[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-ledger-'));
});

afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

const journalDir = () => join(folder, 'journal');

async function open(warnings: string[] = []): Promise<Ledger> {
  const ledger = await openLedger({
    url: `file:${folder}/ledger.db`,
    journal: journalDir(),
    journalCap: 2 ** 30,
    retention: 90 * 86_400_000,
    clock: systemClock,
    random: Math.random,
    log: { ...silentLog, warn: (_fields, message) => void warnings.push(message) },
    thread: false,
  });
  opened.push(ledger);
  return ledger;
}

/** Leaves a journal as a process leaves it that is killed: segments, and a lock that nobody holds. */
function killedWith(records: number, open: number): string {
  const journal = openJournal({ dir: journalDir(), source: 'dead-1-aaaaaa', clock: systemClock });
  for (let i = 0; i < records; i++) {
    journal.intend(intentOf(`d${i}`, Date.now()));
    if (i < records - open) journal.settle(outcomeOf(`d${i}`, Date.now(), 1000n));
  }
  const name = readdirSync(journalDir()).find((file) => file.startsWith('dead-1-aaaaaa')) ?? '';
  return join(journalDir(), name);
}

const total = async (ledger: Ledger) => (await ledger.store.usage({ since: 0, until: Date.now() + 1 }))[0];

describe('the ledger', () => {
  it('moves the journal into the store and leaves no file behind', async () => {
    const ledger = await open();
    for (let i = 0; i < 500; i++) {
      ledger.journal.intend(intentOf(`r${i}`, Date.now()));
      ledger.journal.settle(outcomeOf(`r${i}`, Date.now(), 3n));
    }
    ledger.journal.score(feedbackOf('f', 'r1', Date.now()));
    expect(await ledger.flush()).toBe(true);
    expect(await total(ledger)).toMatchObject({ requests: 500, costUsd: 1.5e-6 });
    expect((await ledger.store.entry('r1'))?.feedback).toHaveLength(1);
    expect(ledger.status()).toMatchObject({ behindBytes: 0, trouble: null, journalTrouble: null });
    await ledger.close();
    opened.length = 0;
    expect(readdirSync(journalDir())).toEqual([]);
  });

  it('keeps files to their owner', async () => {
    const ledger = await open();
    ledger.journal.intend(intentOf('r', Date.now()));
    for (const file of readdirSync(journalDir())) expect(statSync(join(journalDir(), file)).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'ledger.db')).mode & 0o077).toBe(0);
  });

  it('takes over what a killed process left: finished requests exact, those in flight interrupted', async () => {
    killedWith(50, 7);
    const warnings: string[] = [];
    const ledger = await open(warnings);
    await ledger.flush();
    expect(await total(ledger)).toMatchObject({ requests: 50, interrupted: 7, costUsd: (43 * 1000 + 7 * 5000) / 1e9 });
    expect(warnings).toEqual([expect.stringContaining('interrupted')]);
    expect(readdirSync(journalDir()).filter((file) => file.startsWith('dead'))).toEqual([]);
  });

  it('takes over a request without a known price as unpriced', async () => {
    const journal = openJournal({ dir: journalDir(), source: 'dead-1-aaaaaa', clock: systemClock });
    journal.intend({ ...intentOf('d', Date.now()), reserve: null });
    const ledger = await open();
    await ledger.flush();
    expect(await total(ledger)).toMatchObject({ interrupted: 1, costUsd: 0, unpriced: 1 });
  });

  it('reads a journal that was cut in the middle of a record', async () => {
    const path = killedWith(20, 0);
    truncateSync(path, statSync(path).size - 100);
    const ledger = await open();
    await ledger.flush();
    // The last outcome is the one that was cut.
    expect(await total(ledger)).toMatchObject({ requests: 20, interrupted: 1 });
  });

  it('skips a damaged record, says so and keeps the others', async () => {
    const path = killedWith(20, 0);
    const bytes = readFileSync(path);
    const lines = bytes.toString('latin1').split('\n');
    const middle = lines.slice(0, 10).join('\n').length + 40;
    bytes[middle] = (bytes[middle] ?? 0) ^ 4;
    writeFileSync(path, bytes);
    const warnings: string[] = [];
    const ledger = await open(warnings);
    await ledger.flush();
    expect((await total(ledger))?.requests).toBeGreaterThanOrEqual(19);
    expect(warnings).toContain('damaged lines in the journal were skipped');
  });

  it('delivers again what it is not sure of, without counting it twice', async () => {
    const path = killedWith(20, 0);
    const bytes = readFileSync(path);
    const first = await open();
    await first.flush();
    writeFileSync(join(journalDir(), 'again-1-aaaaaa-00000001.log'), bytes);
    await first.flush();
    expect(await total(first)).toMatchObject({ requests: 20, costUsd: 20e-6 });
  });

  it('waits for a store that is locked; the journal goes on', async () => {
    const ledger = await open();
    const other = (await pickSqlite())(join(folder, 'ledger.db'));
    other.exec('begin exclusive');
    ledger.journal.intend(intentOf('r', Date.now()));
    ledger.journal.settle(outcomeOf('r', Date.now(), 5n));
    expect(await ledger.flush()).toBe(false);
    expect(ledger.status().trouble).toMatch(/locked|busy/);
    expect(ledger.status().behindBytes).toBeGreaterThan(0);
    other.exec('rollback');
    other.close();
    expect(await ledger.flush()).toBe(true);
    expect(ledger.status().trouble).toBeNull();
    expect(await total(ledger)).toMatchObject({ requests: 1 });
  });

  it('keeps for the next start what the store does not take', async () => {
    const ledger = await open();
    const other = (await pickSqlite())(join(folder, 'ledger.db'));
    other.exec('begin exclusive');
    ledger.journal.intend(intentOf('r', Date.now()));
    ledger.journal.settle(outcomeOf('r', Date.now(), 5n));
    await ledger.close();
    opened.length = 0;
    other.exec('rollback');
    other.close();
    const next = await open();
    await next.flush();
    expect(await total(next)).toMatchObject({ requests: 1, interrupted: 0 });
  });
});

describe('records of one turn of the event loop', () => {
  it('share one write, and are on disk before anyone goes on', async () => {
    let writes = 0;
    const files = {
      ...machine,
      writeSync: (...parameters: unknown[]): number => {
        writes++;
        return Reflect.apply(machine.writeSync, machine, parameters);
      },
    };
    const journal = openJournal({ dir: journalDir(), source: 'turn-1-aaaaaa', clock: systemClock, files });
    const size = () => statSync(join(journalDir(), 'turn-1-aaaaaa-00000001.log')).size;
    const before = { writes, size: size() };
    const turn = Array.from({ length: 20 }, (_, i) => journal.grouped(intentOf(`r${i}`, Date.now())));
    expect(size()).toBe(before.size);
    await turn[0];
    expect(writes).toBe(before.writes + 1);
    const grown = size();
    expect(grown).toBeGreaterThan(before.size);
    await Promise.all(turn);
    expect(size()).toBe(grown);
    for (let i = 0; i < 20; i++) void journal.grouped(outcomeOf(`r${i}`, Date.now(), 1n));
    await journal.close();
    const ledger = await open();
    await ledger.flush();
    expect(await total(ledger)).toMatchObject({ requests: 20, interrupted: 0, costUsd: 20e-9 });
  });
});

describe('the journal on a full disk', () => {
  it('keeps records in memory, says so, and writes them when there is room, in order and whole', async () => {
    let full = false;
    const files = {
      ...machine,
      writeSync(...parameters: unknown[]): number {
        if (!full) return Reflect.apply(machine.writeSync, machine, parameters);
        // The first bytes still fit.
        Reflect.apply(machine.writeSync, machine, [...parameters.slice(0, 2), 0, 7, null]);
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
    };
    const said: (string | null)[] = [];
    const journal = openJournal({
      dir: journalDir(),
      source: 'full-1-aaaaaa',
      clock: systemClock,
      files,
      onTrouble: (trouble) => void said.push(trouble?.message ?? null),
    });
    journal.intend(intentOf('r0', Date.now()));
    full = true;
    for (let i = 1; i < 9; i++) journal.intend(intentOf(`r${i}`, Date.now()));
    await journal.grouped(intentOf('r9', Date.now()));
    expect(journal.trouble).toMatchObject({ waiting: 9, lost: 0 });
    full = false;
    for (let i = 0; i < 10; i++) journal.settle(outcomeOf(`r${i}`, Date.now(), 1n));
    await journal.close();
    expect(journal.lost).toBe(0);
    expect(said[0]).toContain('ENOSPC');
    const ledger = await open();
    await ledger.flush();
    expect(await total(ledger)).toMatchObject({ requests: 10, interrupted: 0 });
  });

  it('loses records only when memory is full too, and counts them', () => {
    const files = {
      ...machine,
      writeSync(): number {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      },
    };
    const broken = () =>
      openJournal({ dir: journalDir(), source: 'full-2-aaaaaa', clock: systemClock, files, queue: 2000 });
    expect(broken).toThrow(/cannot be written/);
    const good = { ...machine };
    const journal = openJournal({
      dir: journalDir(),
      source: 'full-3-aaaaaa',
      clock: systemClock,
      files: good,
      queue: 2000,
    });
    good.writeSync = files.writeSync;
    for (let i = 0; i < 10; i++) journal.intend(intentOf(`r${i}`, Date.now()));
    expect(journal.trouble?.lost).toBeGreaterThan(5);
  });

  it('stays under its cap', () => {
    const journal = openJournal({ dir: journalDir(), source: 'cap-1-aaaaaa', clock: systemClock, cap: 20_000 });
    for (let i = 0; i < 100; i++) journal.intend(intentOf(`r${i}`, Date.now()));
    expect(journal.trouble?.message).toContain('storage.journalCap');
    const size = readdirSync(journalDir()).reduce((sum, name) => sum + statSync(join(journalDir(), name)).size, 0);
    expect(size).toBeLessThanOrEqual(20_000);
  });
});

describe('a store that cannot be opened', () => {
  it.each([
    ['a folder in its place', () => mkdirSync(join(folder, 'ledger.db')), /cannot be opened/],
    [
      'something else in its place',
      () => writeFileSync(join(folder, 'ledger.db'), 'x'.repeat(5000)),
      /not a database.*move it away/,
    ],
    ['another scheme', () => 'mysql://user:secret@host/db', /none of file:<path> or memory:, postgres:/],
    [
      'a PostgreSQL that is nowhere',
      () => 'postgres://user:secret@127.0.0.1:1/db',
      /cannot be reached: .*ECONNREFUSED/,
    ],
    ['no connection string', () => 'postgres://user:secret@ho st/db', /is not a connection string; write postgres:/],
    ['a password that is not encoded', () => 'postgres://user:secret/@#host/db', /percent-encoded/],
    ['a limit that is no number', () => 'postgres://user:secret@host/db?statement_timeout=5s', /whole number/],
  ])('%s says what to do', async (_name, prepare, message) => {
    const url = prepare() ?? `file:${folder}/ledger.db`;
    const error: unknown = await openStore(url, { clock: systemClock }).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('secret');
  });

  it('a journal folder that nobody may write to says so', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openJournal({ dir: join(folder, 'file', 'journal'), source: 'x', clock: systemClock })).toThrow(
      /make that folder writable/,
    );
    chmodSync(folder, 0o755);
    rmSync(join(folder, 'file'));
  });
});
