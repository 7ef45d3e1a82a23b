import type { LoadedConfig } from '../config/load.ts';
import type { OtherMover, MoverStatus } from '../ledger/mover.ts';
import type { State } from '../state/state.ts';
import type { LogLevel } from '../telemetry/log.ts';
import type { MetricsReport } from '../telemetry/metrics.ts';

/** What a worker is started with. */
export interface Setup {
  readonly loaded: LoadedConfig;
  readonly log: LogLevel;
  /** How many workers there are. */
  readonly workers: number;
  /** When the gateway started, epoch milliseconds. */
  readonly startedAt: number;
  /** The primary's process id. */
  readonly primary: number;
  /** Where the primary listens. */
  readonly url: string;
}

/** What a worker tells when it serves. */
export interface Started {
  /** What is worth printing, in lines. */
  readonly lines: readonly string[];
}

/** What a worker has counted. */
export interface WorkerReport {
  readonly metrics: MetricsReport;
  readonly inFlight: number;
}

/** A file was refused while serving, or holds again. */
export interface Reload {
  readonly path: string;
  /** Null = it holds. */
  readonly error: string | null;
}

/** What a primary asks of a worker: the argument, and what it comes to. */
export interface WorkerTasks {
  start(setup: Setup): Promise<Started>;
  replace(loaded: LoadedConfig): Promise<null>;
  reload(what: Reload): Promise<null>;
  report(given: null): Promise<WorkerReport>;
  /** Whether it still answers. */
  ping(given: null): Promise<null>;
  /** How the ledger's store keeps up. */
  ledger(status: MoverStatus): Promise<null>;
  /** Drains, and ends. */
  stop(given: null): Promise<null>;
}

/** What a worker asks of its primary. */
export interface PrimaryTasks {
  flush(given: null): Promise<boolean>;
  /** The metrics of all workers, as text. */
  metrics(given: null): Promise<string>;
  /** Requests that are open in all of them. */
  inFlight(given: null): Promise<number>;
}

/** The primary process, as an engine in a worker knows it. */
export interface Primary {
  /** Undefined where workers share theirs by other means. */
  readonly state: State | undefined;
  readonly mover: OtherMover;
  readonly startedAt: number;
  metrics(): Promise<string>;
  inFlight(): Promise<number>;
}
