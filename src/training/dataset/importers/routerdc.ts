import { readElements } from '../elements.ts';
import { readLines } from '../lines.ts';
import { invalidAt, shown, stemOf, type Place } from '../place.ts';
import { parseLine } from '../read.ts';
import { rowOf, type DatasetRow } from '../row.ts';
import { isFields, namedBy, scoreOf, textOf } from './cells.ts';
import { headOf } from './head.ts';
import type { Importer } from './importer.ts';

function routerDcRow(value: unknown, number: number, place: Place): DatasetRow {
  if (!isFields(value)) throw invalidAt(place, `expected an object, got ${shown(value)}`);
  if (!isFields(value['scores'])) {
    throw invalidAt(place, `scores: expected an object with one number per model, got ${shown(value['scores'])}`);
  }
  const outcomes: [string, { score: number }][] = [];
  for (const [model, cell] of Object.entries(value['scores'])) {
    const score = scoreOf(cell, `scores.${model}`, place);
    if (score !== undefined) outcomes.push([model, { score }]);
  }
  const record = {
    id: `routerdc/${stemOf(place.file)}/${number}`,
    dataset: 'routerdc',
    ...namedBy(place.file),
    query: textOf(value['question'], 'question', place),
    outcomes: Object.fromEntries(outcomes),
  };
  return rowOf(record, place, 'routerdc');
}

/** RouterDC (Chen et al., 2024): `datasets/*.json`; LLMRouter's RouterDC files are the same. Benchmark and split are in the file's name. */
export const routerDc: Importer = {
  name: 'routerdc',
  about: 'JSON array or JSONL: {question, scores: {model: 0..1}}',
  detects: (head) =>
    (head.kind === 'array' || head.kind === 'lines') &&
    isFields(head.first) &&
    'question' in head.first &&
    'scores' in head.first,
  async *read(file, options) {
    const { kind } = await headOf(file, options);
    const batches = kind === 'array' ? readElements(file, options) : readLines(file, options);
    let number = 0;
    for await (const batch of batches) {
      for (const line of batch) {
        const place = { file, line: line.line };
        yield { row: routerDcRow(parseLine(line, file), number++, place), place };
      }
    }
  },
};
