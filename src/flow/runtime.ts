import type { Budgets } from '../access/budgets.ts';
import type { Clock, Random } from '../clock.ts';
import type { Journal } from '../ledger/journal.ts';
import type { State } from '../state/state.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Reloads } from '../telemetry/reloads.ts';
import type { Kept } from './kept.ts';
import type { Memory } from './memory.ts';
import type { Prompts } from './prompts.ts';
import type { Recent } from './recent.ts';

/** What outlives snapshots and is shared by all requests of an engine. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly journal: Journal;
  readonly state: State;
  readonly budgets: Budgets;
  readonly kept: Kept;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Files that were refused while serving. */
  readonly reloads: Reloads;
  /** The latest requests and decisions, for reading before the store has them. */
  readonly recent: Recent;
  readonly memory: Memory;
  /** What is kept of prompts. */
  readonly prompts: Prompts;
}
