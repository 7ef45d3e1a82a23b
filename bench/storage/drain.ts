import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { createIds } from '../../src/id.ts';
import { intentOf, outcomeOf } from '../../src/ledger/fixtures.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/telemetry/log.ts';

/** An intent of a gateway with eleven models. */
function intent(id: string, at: number) {
  const plain = intentOf(id, at, { session: `s${at % 97}`, user: 'bench', tags: { team: 'bench' } });
  const [first] = plain.decision.ranking;
  const ranking = first === undefined ? [] : Array.from({ length: 11 }, (_, i) => ({ ...first, model: `model-${i}` }));
  return { ...plain, decision: { ...plain.decision, ranking } };
}

/** Settled requests per second that come from the journal into the store, both halves and every table included. */
export async function drainRate(url: (folder: string) => string, requests: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  const ledger = await openLedger({
    url: url(folder),
    journal: join(folder, 'journal'),
    journalCap: 2 ** 31,
    retention: 90 * 86_400_000,
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    thread: false,
  });
  try {
    await ledger.flush();
    const newId = createIds(systemClock, Math.random);
    // Nothing is moved meanwhile: this turn of the event loop does not end.
    for (let i = 0; i < requests; i++) {
      const id = newId();
      const now = systemClock.now();
      ledger.journal.intend(intent(id, now));
      ledger.journal.settle(outcomeOf(id, now, 123_456n));
    }
    const started = performance.now();
    if (!(await ledger.flush())) throw new Error(`the store did not take everything: ${ledger.status().trouble}`);
    const rate = requests / ((performance.now() - started) / 1000);
    const [total] = await ledger.store.usage({ since: 0, until: Date.now() + 1 });
    if (total?.requests !== requests) throw new Error(`${total?.requests} of ${requests} requests arrived`);
    return rate;
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}
