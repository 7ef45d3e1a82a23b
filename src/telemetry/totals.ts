import { Counter, Histogram, type Registry } from 'prom-client';

/** Label values in the order of the label names. */
type Labels = readonly string[];

/** Something that is exposed when somebody scrapes; until then it only adds. */
interface Series<Total> {
  readonly labels: Labels;
  readonly total: Total;
}

/** Finds a series by its labels without hashing them anew as text with every request. */
class SeriesMap<Total> {
  readonly #byKey = new Map<string, Series<Total>>();
  readonly #create: () => Total;

  constructor(create: () => Total) {
    this.#create = create;
  }

  at(labels: Labels): Total {
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\u0000');
    let series = this.#byKey.get(key);
    if (series === undefined) {
      series = { labels, total: this.#create() };
      this.#byKey.set(key, series);
    }
    return series.total;
  }

  all(): Iterable<Series<Total>> {
    return this.#byKey.values();
  }
}

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registry: Registry;
}

function named(names: readonly string[], values: Labels): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
}

/** A counter: adding costs one look-up; prom-client is given the sums when it is scraped. */
export function createCounter({ name, help, labelNames, registry }: Definition): (labels: Labels, n: number) => void {
  const series = new SeriesMap(() => ({ sum: 0 }));
  const counter = new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      counter.reset();
      for (const { labels, total } of series.all()) counter.inc(named(labelNames, labels), total.sum);
    },
  });
  return (labels, n) => void (series.at(labels).sum += n);
}

interface Distribution {
  readonly counts: number[];
  sum: number;
}

type HistogramValue = { readonly metricName: string; readonly labels: Record<string, string>; readonly value: number };

function valuesOf(
  name: string,
  bounds: readonly number[],
  labels: Record<string, string>,
  total: Distribution,
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

/** A histogram with bounds in seconds: observing costs one look-up and a short search. */
export function createHistogram(
  { name, help, labelNames, registry }: Definition,
  bounds: readonly number[],
): (labels: Labels, seconds: number) => void {
  const series = new SeriesMap((): Distribution => ({
    counts: Array.from({ length: bounds.length + 1 }, () => 0),
    sum: 0,
  }));
  class Totals extends Histogram {
    override async get() {
      const values = [...series.all()].flatMap(({ labels, total }) =>
        valuesOf(name, bounds, named(labelNames, labels), total),
      );
      return { ...(await super.get()), values };
    }
  }
  new Totals({ name, help, labelNames: [...labelNames], buckets: [...bounds], registers: [registry] }).reset();
  return (labels, seconds) => {
    const total = series.at(labels);
    const at = bounds.findIndex((bound) => seconds <= bound);
    const bucket = at === -1 ? bounds.length : at;
    total.counts[bucket] = (total.counts[bucket] ?? 0) + 1;
    total.sum += seconds;
  };
}
