import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import { createLine, type Pipe } from './line.ts';
import type { PrimaryTasks, WorkerTasks } from './protocol.ts';
import { keepTally } from './tally.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** The two ends of a pipe in one process. */
function pipes(): [Pipe, Pipe] {
  const heard: ((message: unknown) => void)[][] = [[], []];
  const end = (own: number): Pipe => ({
    send: (message) => queueMicrotask(() => heard[1 - own]?.forEach((hear) => hear(message))),
    onMessage: (hear) => void heard[own]?.push(hear),
    onClose: () => {},
  });
  return [end(0), end(1)];
}

it('what a worker had counted before it was killed stays counted though nobody had asked for it', async () => {
  const metrics = createMetrics({ known: () => true });
  const [near, far] = pipes();
  const told: unknown[] = [];
  createLine<PrimaryTasks, Pick<WorkerTasks, 'report'>>(far, {
    async report() {
      const report = { metrics: await metrics.report(), inFlight: 1 };
      told.push(report);
      return report;
    },
  });
  let workers = [{ id: 1, line: createLine<WorkerTasks, object>(near, {}) }];
  const tally = keepTally(() => workers);
  metrics.decision('best', 1);
  metrics.decision('best', 1);
  vi.advanceTimersByTime(2000);
  await vi.waitFor(() => expect(told).toHaveLength(1));
  // What it says is heard a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  workers = [];
  tally.gone(1);
  expect(await tally.text()).toContain('signalbox_decisions_total{reason="best"} 2');
  expect(await tally.inFlight()).toBe(0);
  tally.stop();
  vi.advanceTimersByTime(20_000);
  expect(told).toHaveLength(1);
});
