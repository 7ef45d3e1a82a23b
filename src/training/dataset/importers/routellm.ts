import { readCsv, type CsvRecord } from '../csv.ts';
import { stemOf } from '../place.ts';
import { rowOf, type DatasetRow } from '../row.ts';
import { scoreOf, textOf } from './cells.ts';
import type { Importer } from './importer.ts';

const RESPONSE = '_response';

/** One model's columns. */
interface Column {
  readonly model: string;
  readonly score: number;
  readonly response: number;
}

/** Columns without a name are pandas' row numbers. */
function columnsOf(header: readonly string[]): Column[] {
  return header.flatMap((name, score) => {
    if (name === 'prompt' || name === '' || name.startsWith('Unnamed:')) return [];
    if (name.endsWith(RESPONSE) && header.includes(name.slice(0, -RESPONSE.length))) return [];
    return [{ model: name, score, response: header.indexOf(`${name}${RESPONSE}`) }];
  });
}

function routeLlmRow(
  { cells, place }: CsvRecord,
  prompt: number,
  columns: readonly Column[],
  number: number,
): DatasetRow {
  const outcomes = columns.flatMap(({ model, score: at, response }) => {
    const score = scoreOf(cells[at], model, place);
    if (score === undefined) return [];
    const answer = response === -1 ? undefined : cells[response];
    return [[model, { score, ...(answer === undefined ? {} : { output_chars: answer.length }) }] as const];
  });
  const stem = stemOf(place.file);
  const record = {
    id: `routellm/${stem}/${number}`,
    dataset: 'routellm',
    benchmark: stem.replace(/_responses$/, ''),
    query: textOf(cells[prompt], 'prompt', place),
    outcomes: Object.fromEntries(outcomes),
  };
  return rowOf(record, place, 'routellm');
}

/** RouteLLM (Ong et al., 2024): `evals/gsm8k/gsm8k_responses.csv`, `evals/mmlu/responses/*.csv`. The benchmark is in the file's name. */
export const routeLlm: Importer = {
  name: 'routellm',
  about: 'CSV: prompt, <model> (True, False or 0..1), <model>_response?',
  detects: (head) =>
    head.kind === 'csv' &&
    head.columns.includes('prompt') &&
    !head.columns.includes('sample_id') &&
    columnsOf(head.columns).length > 0,
  async *read(file, options) {
    let columns: Column[] | undefined;
    let prompt = -1;
    let number = 0;
    for await (const record of readCsv(file, options)) {
      if (columns === undefined) {
        columns = columnsOf(record.cells);
        prompt = record.cells.indexOf('prompt');
      } else yield { row: routeLlmRow(record, prompt, columns, number++), place: record.place };
    }
  },
};
