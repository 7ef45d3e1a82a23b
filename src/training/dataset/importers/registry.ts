import { SignalboxError } from '../../../errors.ts';
import type { ReadOptions } from '../lines.ts';
import { headOf } from './head.ts';
import type { Importer } from './importer.ts';
import { llmRouter, llmRouterQueries } from './llmrouter.ts';
import { own } from './own.ts';
import { routeLlm } from './routellm.ts';
import { routerBench } from './routerbench.ts';
import { routerDc } from './routerdc.ts';

/** The first that knows a file reads it; our own format is last, since it takes all lines of JSON. */
export const IMPORTERS: readonly Importer[] = [llmRouter, llmRouterQueries, routerDc, routerBench, routeLlm, own];

/**
 * The importer that knows a file by its content.
 * @throws `dataset_invalid` when the file is empty or none knows it; `invalid_request` when it cannot be read.
 */
export async function importerOf(file: string, options?: ReadOptions): Promise<Importer> {
  const head = await headOf(file, options);
  if (head.kind === 'empty') throw new SignalboxError('dataset_invalid', `${file}: the file is empty`);
  const found = IMPORTERS.find((importer) => importer.detects(head));
  if (found !== undefined) return found;
  const seen =
    head.kind === 'csv' ? `a first line of ${head.columns.slice(0, 6).join(', ').slice(0, 100)}` : 'a JSON array';
  const known = IMPORTERS.map(({ name, about }) => `  ${name}: ${about}`).join('\n');
  throw new SignalboxError('dataset_invalid', `${file}: ${seen} is none of the formats that are read:\n${known}`);
}
