/** Label values in the order of the label names. */
export type Labels = readonly string[];

/** Something that is exposed when somebody scrapes; until then it only adds. */
export interface Series<Total> {
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
}

/** A counter: adding costs one look-up. */
export interface Counter extends Definition {
  add(labels: Labels, n: number): void;
  all(): Iterable<Series<{ readonly sum: number }>>;
}

/** Creates a counter. */
export function createCounter(definition: Definition): Counter {
  const series = new SeriesMap(() => ({ sum: 0 }));
  return {
    ...definition,
    add: (labels, n) => void (series.at(labels).sum += n),
    all: () => series.all(),
  };
}

/** How many values fell below each bound, the last one for those above all of them, and their sum. */
export interface Distribution {
  readonly counts: number[];
  sum: number;
}

/** A histogram with bounds in seconds: observing costs one look-up and a short search. */
export interface Histogram extends Definition {
  readonly bounds: readonly number[];
  observe(labels: Labels, seconds: number): void;
  all(): Iterable<Series<Distribution>>;
}

/** Creates a histogram. */
export function createHistogram(definition: Definition & { readonly bounds: readonly number[] }): Histogram {
  const { bounds } = definition;
  const series = new SeriesMap((): Distribution => ({
    counts: Array.from({ length: bounds.length + 1 }, () => 0),
    sum: 0,
  }));
  return {
    ...definition,
    observe(labels, seconds) {
      const total = series.at(labels);
      const at = bounds.findIndex((bound) => seconds <= bound);
      const bucket = at === -1 ? bounds.length : at;
      total.counts[bucket] = (total.counts[bucket] ?? 0) + 1;
      total.sum += seconds;
    },
    all: () => series.all(),
  };
}
