import { readCsv, type CsvRecord } from '../csv.ts';
import { rowOf, type DatasetRow } from '../row.ts';
import { amountOf, namedBy, scoreOf, textOf } from './cells.ts';
import type { Importer } from './importer.ts';
import { unlisted } from './python-list.ts';

const COST = '|total_cost';
const RESPONSE = '|model_response';

/** Where a model's score, cost and answer stand in a record; -1 = nowhere. */
interface Column {
  readonly model: string;
  readonly score: number;
  readonly cost: number;
  readonly response: number;
}

interface Layout {
  readonly id: number;
  readonly prompt: number;
  readonly benchmark: number;
  readonly columns: readonly Column[];
}

/** A model is a column that has a cost column. */
function layoutOf(header: readonly string[]): Layout {
  return {
    id: header.indexOf('sample_id'),
    prompt: header.indexOf('prompt'),
    benchmark: header.indexOf('eval_name'),
    columns: header.flatMap((model, score) => {
      const cost = header.indexOf(`${model}${COST}`);
      return cost === -1 ? [] : [{ model, score, cost, response: header.indexOf(`${model}${RESPONSE}`) }];
    }),
  };
}

function routerBenchRow({ cells, place }: CsvRecord, layout: Layout): DatasetRow {
  const outcomes = layout.columns.flatMap(({ model, score: at, cost, response }) => {
    const score = scoreOf(cells[at], model, place);
    if (score === undefined) return [];
    const answer = response === -1 ? undefined : cells[response];
    const outcome = {
      score,
      cost_usd: amountOf(cells[cost], `${model}${COST}`, place),
      output_chars: answer === undefined || answer === '' ? undefined : unlisted(answer).length,
    };
    return [[model, outcome] as const];
  });
  const { split } = namedBy(place.file);
  const record = {
    id: `routerbench/${textOf(cells[layout.id], 'sample_id', place)}`,
    dataset: 'routerbench',
    benchmark: layout.benchmark === -1 ? undefined : cells[layout.benchmark],
    split,
    query: unlisted(textOf(cells[layout.prompt], 'prompt', place)),
    outcomes: Object.fromEntries(outcomes),
  };
  return rowOf(record, place, 'routerbench');
}

/** RouterBench (Hu et al., 2024) as CSV; prompts and answers are Python lists of texts. Its pickle files are not read. */
export const routerBench: Importer = {
  name: 'routerbench',
  about: 'CSV: sample_id, prompt, eval_name, <model>, <model>|total_cost, <model>|model_response?',
  detects: (head) =>
    head.kind === 'csv' &&
    head.columns.includes('sample_id') &&
    head.columns.includes('prompt') &&
    head.columns.some((name) => name.endsWith(COST)),
  async *read(file, options) {
    let layout: Layout | undefined;
    for await (const record of readCsv(file, options)) {
      if (layout === undefined) layout = layoutOf(record.cells);
      else yield { row: routerBenchRow(record, layout), place: record.place };
    }
  },
};
