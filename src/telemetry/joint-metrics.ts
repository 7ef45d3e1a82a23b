import type { MetricsReport } from './metrics.ts';

/** The metrics of several processes: what one that is gone has told stays counted, so that no counter ever falls. */
export interface JointMetrics {
  /** What a process has counted so far. */
  told(process: number, report: MetricsReport): void;
  gone(process: number): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

/** Makes {@link JointMetrics}. */
export function createJointMetrics(): JointMetrics {
  const living = new Map<number, MetricsReport>();
  let past: MetricsReport[] = [];
  return {
    told: (process, report) => void living.set(process, report),
    gone(process) {
      // Gauges tell of now.
      const counted = (living.get(process) ?? []).filter(
        ({ aggregator, type }) => aggregator === 'sum' && !isGauge(type),
      );
      living.delete(process);
      if (counted.length > 0) past.push(counted);
    },
    async text() {
      const { sumUp } = await import('./exposition.ts');
      if (past.length > 1) past = [await sumUp(past).getMetricsAsJSON()];
      return sumUp([...past, ...living.values()]).metrics();
    },
  };
}

const isGauge = (type: unknown): boolean => String(type) === 'gauge';
