import { createBudgets } from '../access/budgets.ts';
import { systemClock } from '../clock.ts';
import type { LoadedConfig } from '../config/load.ts';
import { openKept } from '../flow/kept.ts';
import { createMemory } from '../flow/memory.ts';
import { createPrompts } from '../flow/prompts.ts';
import { createRecent } from '../flow/recent.ts';
import type { Runtime } from '../flow/runtime.ts';
import type { Snapshot } from '../flow/snapshot.ts';
import { createIds } from '../id.ts';
import type { Journal } from '../ledger/journal.ts';
import { createTransport } from '../providers/transport.ts';
import { buildSnapshot } from '../signalbox.ts';
import { createMemoryState } from '../state/memory.ts';
import { silentLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createReloads } from '../telemetry/reloads.ts';

/** A journal for commands that decide but answer nothing. */
const noJournal: Journal = {
  intend() {},
  settle() {},
  async grouped() {},
  score() {},
  trouble: null,
  async close() {},
};

/** A world to decide in, without opening the ledger: for commands that must not touch what a running gateway uses. */
export async function openOffline(
  loaded: LoadedConfig,
): Promise<{ readonly snapshot: Snapshot; readonly runtime: Runtime }> {
  const clock = systemClock;
  const random = Math.random;
  const snapshot = await buildSnapshot(loaded, { transport: createTransport(), clock, random });
  const state = createMemoryState(clock);
  const runtime: Runtime = {
    clock,
    random,
    newId: createIds(clock, random),
    journal: noJournal,
    state,
    metrics: createMetrics({ known: () => true }),
    log: silentLog,
    reloads: createReloads(clock),
    recent: createRecent(state),
    kept: openKept(loaded.config, clock, silentLog),
    budgets: createBudgets(state, clock, async () => 0),
    memory: createMemory(state, clock),
    prompts: createPrompts(clock, silentLog),
  };
  return { snapshot, runtime };
}
