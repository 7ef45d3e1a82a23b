import { readLocatedRows } from '../read.ts';
import type { Importer } from './importer.ts';

/** Signalbox's own format. Lines of JSON that no one else knows are taken for it, so that its errors are told. */
export const own: Importer = {
  name: 'signalbox',
  about: 'JSONL: {id, query, outcomes: {model: {score, cost_usd?, …}}} per line',
  detects: (head) => head.kind === 'lines',
  read: readLocatedRows,
};
