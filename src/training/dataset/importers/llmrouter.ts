import { createHash } from 'node:crypto';
import { readLines, type ReadOptions } from '../lines.ts';
import { invalidAt, shown, stemOf, type Place } from '../place.ts';
import { parseLine } from '../read.ts';
import { rowOf, type LocatedRow } from '../row.ts';
import { amountOf, isFields, namedBy, scoreOf, textOf, type Fields } from './cells.ts';
import type { Importer } from './importer.ts';

/** Characters of distinct queries that are held at once; answers are never held. */
export const MAX_HELD = 512 * 2 ** 20;

/** Names there, older ones after the newer, and the name in a row. */
const AMOUNTS = [
  [['input_tokens', 'prompt_tokens'], 'input_tokens'],
  [['output_tokens', 'completion_tokens'], 'output_tokens'],
  [['response_time'], 'latency_s'],
] as const;

/** Sum and count per number, so that a model that was asked twice has its mean. */
type Sums = Map<string, { sum: number; count: number }>;

interface Held {
  readonly place: Place;
  readonly task: string;
  readonly query: string;
  readonly models: Map<string, Sums>;
}

function add(sums: Sums, name: string, value: number | undefined): void {
  if (value === undefined) return;
  const known = sums.get(name);
  if (known === undefined) sums.set(name, { sum: value, count: 1 });
  else {
    known.sum += value;
    known.count++;
  }
}

/** What makes a query one: LLMRouter's own key. */
function keyOf(fields: Fields): string {
  const truth = fields['ground_truth'] ?? fields['gt'] ?? null;
  const parts = [fields['task_name'] ?? null, fields['query'], truth, fields['metric'] ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

/** Takes one line: what one model did with one query. */
function take(held: Held, fields: Fields, place: Place): void {
  const model = textOf(fields['model_name'], 'model_name', place);
  const score = scoreOf(fields['performance'], 'performance', place);
  if (score === undefined) return;
  const sums: Sums = held.models.get(model) ?? new Map();
  held.models.set(model, sums);
  add(sums, 'score', score);
  for (const [names, to] of AMOUNTS) {
    const from = names.find((name) => fields[name] !== undefined && fields[name] !== null);
    if (from !== undefined) add(sums, to, amountOf(fields[from], from, place));
  }
  const { response } = fields;
  if (typeof response === 'string') add(sums, 'output_chars', response.length);
}

function heldRow({ place, task, query, models }: Held, number: number): LocatedRow {
  const outcomes = [...models].map(([model, sums]) => {
    const means = [...sums].map(([name, { sum, count }]) => [name, sum / count] as const);
    return [model, Object.fromEntries(means)] as const;
  });
  const { split } = namedBy(stemOf(place.file).replace(/_data$/, ''));
  const record = {
    id: `llmrouter/${stemOf(place.file)}/${number}`,
    dataset: 'llmrouter',
    benchmark: task,
    split,
    query,
    outcomes: Object.fromEntries(outcomes),
  };
  return { row: rowOf(record, place, 'llmrouter'), place };
}

async function* read(file: string, options?: ReadOptions): AsyncGenerator<LocatedRow> {
  const queries = new Map<string, Held>();
  let size = 0;
  for await (const batch of readLines(file, options)) {
    for (const line of batch) {
      const place = { file, line: line.line };
      const fields = parseLine(line, file);
      if (!isFields(fields)) throw invalidAt(place, `expected an object, got ${shown(fields)}`);
      const query = textOf(fields['query'], 'query', place);
      const key = keyOf(fields);
      let held = queries.get(key);
      if (held === undefined) {
        size += query.length;
        if (size > MAX_HELD) {
          throw invalidAt(place, `more than ${MAX_HELD} characters of different queries; import the file in parts`);
        }
        held = { place, task: textOf(fields['task_name'], 'task_name', place), query, models: new Map() };
        queries.set(key, held);
      }
      take(held, fields, place);
    }
  }
  let number = 0;
  for (const held of queries.values()) if (held.models.size > 0) yield heldRow(held, number++);
}

/**
 * LLMRouter's routing data: one line per query and model, in any order, since its lines are in the order in which answers
 * came. Every query of the file is held until its end, without answers, up to {@link MAX_HELD} characters.
 */
export const llmRouter: Importer = {
  name: 'llmrouter',
  about:
    'JSONL: {task_name, query, model_name, performance, input_tokens?, output_tokens?, response_time?} per query and model',
  detects: (head) =>
    head.kind === 'lines' && isFields(head.first) && 'model_name' in head.first && 'performance' in head.first,
  read,
};

/** LLMRouter's query data: what its routing data repeats on every line, without outcomes. */
export const llmRouterQueries: Importer = {
  name: 'llmrouter-queries',
  about: "JSONL: {task_name, query, ground_truth, metric}: LLMRouter's queries, which hold no outcomes",
  detects: (head) =>
    head.kind === 'lines' &&
    isFields(head.first) &&
    'task_name' in head.first &&
    'query' in head.first &&
    !('model_name' in head.first) &&
    !('outcomes' in head.first),
  // eslint-disable-next-line require-yield
  async *read(file, options) {
    for await (const batch of readLines(file, options)) for (const line of batch) parseLine(line, file);
  },
};
