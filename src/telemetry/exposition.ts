import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsReport } from './metrics.ts';
import type * as totals from './totals.ts';

/** A value that is read when somebody scrapes. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** What the values of several processes come to. */
  readonly over: 'sum' | 'min' | 'max';
  read(): readonly { readonly labels: totals.Labels; readonly value: number }[];
}

/** What a registry is made of. */
export interface Exposed {
  readonly counters: readonly totals.Counter[];
  readonly histograms: readonly totals.Histogram[];
  readonly readings: readonly Reading[];
}

function named(names: readonly string[], values: totals.Labels): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
}

function exposeCounter({ name, help, labelNames, all }: totals.Counter, registry: Registry): void {
  const counter = new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      counter.reset();
      for (const { labels, total } of all()) counter.inc(named(labelNames, labels), total.sum);
    },
  });
}

type HistogramValue = { readonly metricName: string; readonly labels: Record<string, string>; readonly value: number };

function valuesOf(
  name: string,
  bounds: readonly number[],
  labels: Record<string, string>,
  total: totals.Distribution,
): HistogramValue[] {
  let below = 0;
  const buckets = bounds.map((bound, i): HistogramValue => {
    below += total.counts[i] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: below };
  });
  const count = below + (total.counts[bounds.length] ?? 0);
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: total.sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

function exposeHistogram({ name, help, labelNames, bounds, all }: totals.Histogram, registry: Registry): void {
  class Totals extends Histogram {
    override async get() {
      const values = [...all()].flatMap(({ labels, total }) =>
        valuesOf(name, bounds, named(labelNames, labels), total),
      );
      return { ...(await super.get()), values };
    }
  }
  new Totals({ name, help, labelNames: [...labelNames], buckets: [...bounds], registers: [registry] }).reset();
}

function exposeReading({ name, help, labelNames, over, read }: Reading, registry: Registry): void {
  const gauge = new Gauge({
    name,
    help,
    aggregator: over,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      for (const { labels, value } of read()) gauge.set(named(labelNames, labels), value);
    },
  });
}

/** A registry that is given the totals whenever it is scraped. */
export function expose({ counters, histograms, readings }: Exposed): Registry {
  const registry = new Registry();
  for (const counter of counters) exposeCounter(counter, registry);
  for (const histogram of histograms) exposeHistogram(histogram, registry);
  for (const reading of readings) exposeReading(reading, registry);
  return registry;
}

/** What each process of a gateway has counted, as one. */
export const sumUp = (reports: readonly MetricsReport[]): Registry => AggregatorRegistry.aggregate([...reports]);
