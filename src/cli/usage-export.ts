import { defineCommand } from 'citty';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import { eachLine, type RequestLine } from '../ledger/request-lines.ts';
import type { Store, UsageRow } from '../ledger/store.ts';
import { readReport } from '../ledger/usage-report.ts';
import { harmless } from '../telemetry/harmless.ts';
import { csvLine, type CsvValue } from './csv.ts';
import { fileTrouble } from './file-trouble.ts';
import { note } from './print.ts';
import { queryOf, WINDOW_ARGS, withStore } from './usage-window.ts';

const BUCKETS = ['hour', 'day', 'week', 'month'] as const;
const BUCKET_NAMES: string[] = [...BUCKETS];
const FORMATS: string[] = ['csv', 'json', 'jsonl'];
const OF: string[] = ['sums', 'requests'];

type Row = Readonly<Record<string, CsvValue>>;

const iso = (at: number): string => new Date(at).toISOString();

function sumRow({ start, overheadMs, ...row }: UsageRow): Row {
  return { start: iso(start), ...row, overheadMsP50: overheadMs.p50, overheadMsP95: overheadMs.p95 };
}

function requestRow({ id, at, tags, ...line }: RequestLine): Row {
  const written = Object.entries(tags).map(([name, value]) => `${name}=${value}`);
  return { id, at: iso(at), ...line, tags: written.join(',') };
}

async function* requestRows(store: Store, stretch: { since: number; until: number }): AsyncGenerator<Row> {
  for await (const line of eachLine(store, stretch)) yield requestRow(line);
}

/** Tells how many rows have gone by. */
async function* counted(rows: AsyncIterable<Row> | Iterable<Row>, tell: (n: number) => void): AsyncGenerator<Row> {
  let n = 0;
  for await (const row of rows) {
    yield row;
    n += 1;
  }
  tell(n);
}

/** The rows as text, a row at a time; a table without rows has no columns either. */
async function* written(rows: AsyncIterable<Row> | Iterable<Row>, format: string): AsyncGenerator<string> {
  let first = true;
  if (format === 'json') yield '{"data":[';
  for await (const row of rows) {
    if (format === 'csv') {
      if (first) yield csvLine(Object.keys(row));
      yield csvLine(Object.values(row));
    } else if (format === 'jsonl') yield `${JSON.stringify(row)}\n`;
    else yield `${first ? '' : ','}\n${JSON.stringify(row)}`;
    first = false;
  }
  if (format === 'json') yield '\n]}\n';
}

/** A terminal may read it; a file has every character. */
async function* shown(text: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const piece of text) yield harmless(piece);
}

/** Whether something is written over there: a file, and not a terminal or a pipe such as /dev/stdout. */
async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function fileOf(out: string, force: boolean): Promise<Writable> {
  if (!force && (await isFile(out))) {
    throw new SignalboxError('invalid_request', `${out} exists already; --force replaces it`);
  }
  return createWriteStream(out, { mode: 0o600 });
}

async function write(text: AsyncIterable<string>, out: string | undefined, force: boolean): Promise<void> {
  const sink = out === undefined ? process.stdout : await fileOf(out, force);
  try {
    await pipeline(Readable.from(out === undefined ? shown(text) : text), sink, { end: out !== undefined });
  } catch (error) {
    // A reader that has seen enough closes the pipe.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    throw new SignalboxError(
      'invalid_request',
      `${out ?? 'standard output'} cannot be written: ${fileTrouble(error)}`,
      {
        cause: error,
      },
    );
  }
}

export const exportCommand = defineCommand({
  meta: { name: 'export', description: 'Sums by day and group, or one row per request, as CSV or JSON' },
  args: {
    ...WINDOW_ARGS,
    of: { type: 'enum', options: OF, default: 'sums', description: 'What the rows are' },
    bucket: { type: 'enum', options: BUCKET_NAMES, default: 'day', description: 'What sums are over' },
    format: { type: 'enum', options: FORMATS, default: 'csv', description: 'How they are written; --json is json' },
    out: { type: 'string', description: 'File to write; default: standard output', valueHint: 'file' },
    force: { type: 'boolean', description: 'Replace an existing file' },
  },
  async run({ args }) {
    const now = systemClock.now();
    const query = queryOf(args, now);
    const bucket = BUCKETS.find((name) => name === args.bucket);
    if (bucket === undefined || !FORMATS.includes(args.format) || !OF.includes(args.of)) {
      throw new SignalboxError(
        'invalid_request',
        `--of takes ${OF.join(', ')}; --bucket takes ${BUCKETS.join(', ')}; --format takes ${FORMATS.join(', ')}`,
      );
    }
    const format = args.json === true ? 'json' : args.format;
    await withStore(args, async (store) => {
      const report = await readReport(store, { ...query, bucket }, now);
      const rows = args.of === 'sums' ? report.data.map(sumRow) : requestRows(store, report);
      let n = 0;
      const seen = counted(rows, (all) => (n = all));
      await write(written(seen, format), args.out, args.force === true);
      if (args.out !== undefined) note(`wrote ${n} ${n === 1 ? 'row' : 'rows'} to ${args.out}`);
    });
  },
});
