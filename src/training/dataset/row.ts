import { invalidAt, shown, type Place } from './place.ts';

/** What one model did with one query. */
export interface RowOutcome {
  /** 0..1. */
  readonly score: number;
  /** What the source says it cost. */
  readonly costUsd?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Length of the answer in characters, where tokens are not known. */
  readonly outputChars?: number;
  readonly latencyS?: number;
  /** What it would cost at list prices, where the source gives no money. */
  readonly costEstUsd?: number;
}

/** One query and what several models scored on it. */
export interface DatasetRow {
  /** Unique among the rows that are used together. */
  readonly id: string;
  readonly dataset: string;
  /** Benchmark or subject. */
  readonly benchmark?: string;
  /** The source's own split. */
  readonly split?: string;
  /** ISO 8601: `2024-05-13`, or with a time. */
  readonly date?: string;
  readonly query: string;
  /** Names of the tools that the query came with. */
  readonly tools?: readonly string[];
  /** By model name; a model without an outcome is left out. */
  readonly outcomes: Readonly<Record<string, RowOutcome>>;
}

/** A row and where it was read. */
export interface LocatedRow {
  readonly row: DatasetRow;
  readonly place: Place;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names in a file and here, in the order they are written. */
const NUMBERS = [
  ['cost_usd', 'costUsd'],
  ['input_tokens', 'inputTokens'],
  ['output_tokens', 'outputTokens'],
  ['output_chars', 'outputChars'],
  ['latency_s', 'latencyS'],
  ['cost_est_usd', 'costEstUsd'],
] as const;

const TEXTS = ['benchmark', 'split', 'date'] as const;

function outcomeOf(value: unknown, model: string, place: Place): RowOutcome {
  const at = (field: string) => `outcomes.${model}${field}`;
  if (!isObject(value)) throw invalidAt(place, `${at('')}: expected an object with score, got ${shown(value)}`);
  const { score } = value;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    throw invalidAt(place, `${at('.score')}: expected a number 0..1, got ${shown(score)}`);
  }
  const outcome: { -readonly [K in keyof RowOutcome]: RowOutcome[K] } = { score };
  for (const [stored, name] of NUMBERS) {
    const number = value[stored];
    if (number === undefined || number === null) continue;
    if (typeof number !== 'number' || !(number >= 0 && number < Number.POSITIVE_INFINITY)) {
      throw invalidAt(place, `${at(`.${stored}`)}: expected a number of at least 0 or null, got ${shown(number)}`);
    }
    outcome[name] = number;
  }
  return outcome;
}

function outcomesOf(value: unknown, place: Place): Record<string, RowOutcome> {
  if (!isObject(value)) {
    throw invalidAt(place, `outcomes: expected an object with one member per model, got ${shown(value)}`);
  }
  const outcomes: Record<string, RowOutcome> = {};
  let models = 0;
  for (const model of Object.keys(value)) {
    if (model === '' || model === '__proto__') throw invalidAt(place, `outcomes: ${shown(model)} cannot name a model`);
    outcomes[model] = outcomeOf(value[model], model, place);
    models++;
  }
  if (models === 0) throw invalidAt(place, 'outcomes: expected at least one model, got none');
  return outcomes;
}

function toolsOf(value: unknown, place: Place): readonly string[] {
  if (!Array.isArray(value)) throw invalidAt(place, `tools: expected a list of names, got ${shown(value)}`);
  return value.map((name: unknown, i) => {
    if (typeof name === 'string') return name;
    throw invalidAt(place, `tools[${i}]: expected a name, got ${shown(name)}`);
  });
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:T|$)/.test(text) && !Number.isNaN(Date.parse(text));
}

/**
 * A row from one object of a data file. Members that it does not know are ignored, null is the same as absent.
 * `dataset` stands in for a missing member of that name.
 * @throws `dataset_invalid` with file, line and the path of what is wrong.
 */
export function rowOf(value: unknown, place: Place, dataset: string): DatasetRow {
  if (!isObject(value)) throw invalidAt(place, `expected an object, got ${shown(value)}`);
  const { id, query, tools } = value;
  if (typeof id !== 'string' || id === '') throw invalidAt(place, `id: expected a text, got ${shown(id)}`);
  if (typeof query !== 'string') throw invalidAt(place, `query: expected a text, got ${shown(query)}`);
  const set = value['dataset'] ?? dataset;
  if (typeof set !== 'string') throw invalidAt(place, `dataset: expected a text, got ${shown(set)}`);
  const texts: { benchmark?: string; split?: string; date?: string } = {};
  for (const name of TEXTS) {
    const text = value[name];
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string') throw invalidAt(place, `${name}: expected a text or null, got ${shown(text)}`);
    if (name === 'date' && !isDate(text)) {
      throw invalidAt(place, `date: expected a date such as 2024-05-13, got ${shown(text)}`);
    }
    texts[name] = text;
  }
  return {
    id,
    dataset: set,
    ...texts,
    query,
    ...(tools === undefined || tools === null ? {} : { tools: toolsOf(tools, place) }),
    outcomes: outcomesOf(value['outcomes'], place),
  };
}

/** The object that stands for a row in a file; its members are always in the same order. */
export function recordOf(row: DatasetRow, models: readonly string[] = Object.keys(row.outcomes)): object {
  const outcomes: Record<string, object> = {};
  for (const model of models) {
    const outcome = Object.hasOwn(row.outcomes, model) ? row.outcomes[model] : undefined;
    if (outcome === undefined) continue;
    const record: Record<string, number> = { score: outcome.score };
    for (const [stored, name] of NUMBERS) {
      const number = outcome[name];
      if (number !== undefined) record[stored] = number;
    }
    outcomes[model] = record;
  }
  const { id, dataset, benchmark, split, date, query, tools } = row;
  return { id, dataset, benchmark, split, date, query, tools, outcomes };
}
