import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { manualClock } from '../state/conformance.ts';
import { silentLog } from '../telemetry/log.ts';
import { intentOf, outcomeOf } from './fixtures.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { HEARTBEAT_MS } from './source.ts';

const HOUR = 3_600_000;

let folder: string;
let ledger: Ledger;
const clock = { ...manualClock() };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = await mkdtemp(join(tmpdir(), 'signalbox-renewal-'));
  const journal = join(folder, 'journal');
  const base = { url: `file:${folder}/l.db`, journal, journalCap: 2 ** 30, retention: 90 * 24 * HOUR, thread: false };
  ledger = await openLedger({ ...base, clock, random: Math.random, log: silentLog });
});

afterEach(async () => {
  vi.useRealTimers();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

async function segments(): Promise<{ readonly names: string[]; readonly text: string }> {
  const dir = join(folder, 'journal');
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log'));
  return { names, text: (await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))).join('') };
}

const write = (id: string) => {
  ledger.journal.intend({ ...intentOf(id, clock.now()), prompt: { body: `secret of ${id}` } });
  ledger.journal.settle(outcomeOf(id, clock.now(), 1n));
};

it('the journal holds what the store has for an hour at most, and an idle one makes no files', async () => {
  write('r1');
  await ledger.flush();
  vi.advanceTimersByTime(HEARTBEAT_MS);
  await ledger.flush();
  expect((await segments()).text).toContain('secret of r1');
  clock.advance(HOUR);
  vi.advanceTimersByTime(HEARTBEAT_MS);
  write('r2');
  await ledger.flush();
  const renewed = await segments();
  expect(renewed.text).not.toContain('secret of r1');
  expect(renewed.text).toContain('secret of r2');
  expect(await ledger.store.prompts({ limit: 9 })).toHaveLength(2);
  for (let hours = 0; hours < 5; hours++) {
    clock.advance(HOUR);
    vi.advanceTimersByTime(HEARTBEAT_MS);
    await ledger.flush();
  }
  const idle = await segments();
  expect(idle.names).toHaveLength(1);
  expect(idle.names[0]).toMatch(/-00000003\.log$/);
  expect(idle.text).not.toContain('secret');
});
