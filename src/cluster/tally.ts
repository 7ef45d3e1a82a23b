import { within } from '../state/within.ts';
import { createJointMetrics } from '../telemetry/joint-metrics.ts';
import type { Hand } from './crew.ts';

/** Between two times that workers are asked what they have counted, milliseconds: so much of it dies with one. */
const EVERY_MS = 2000;
/** How long a worker may take to say it, milliseconds. */
const REPORT_MS = 1000;

/** A worker, as far as it is asked what it has counted. */
type Counter = Pick<Hand, 'id'> & { readonly line: Pick<Hand['line'], 'ask'> };

/** What the workers of a gateway have counted together. */
export interface Tally {
  /** Prometheus text, as of now. */
  text(): Promise<string>;
  /** Requests that are open now. */
  inFlight(): Promise<number>;
  /** What a worker that is gone had told stays counted. */
  gone(worker: number): void;
  stop(): void;
}

/** Asks the workers what they have counted: when somebody wants to know, and every 2 seconds, for those that die between. */
export function keepTally(workers: () => readonly Counter[]): Tally {
  const joint = createJointMetrics();
  const reports = () =>
    Promise.all(
      workers().map(async ({ id, line }) => {
        const report = await within(REPORT_MS, line.ask('report', null)).catch(() => undefined);
        if (report !== undefined) joint.told(id, report.metrics);
        return report?.inFlight ?? 0;
      }),
    );
  const timer = setInterval(() => void reports(), EVERY_MS).unref();
  return {
    async text() {
      await reports();
      return joint.text();
    },
    inFlight: async () => (await reports()).reduce((sum, open) => sum + open, 0),
    gone: joint.gone,
    stop: () => clearInterval(timer),
  };
}
