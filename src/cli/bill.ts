import { parse } from 'csv-parse/sync';
import { SignalboxError } from '../errors.ts';

/** What a provider says of one day and model; null where its file does not. */
export interface BillRow {
  /** ISO date, UTC. */
  readonly day: string;
  /** As the provider writes it; empty where it does not say. */
  readonly model: string;
  readonly costUsd: number | null;
  /** Input tokens, those of the prompt cache included. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** A provider's file. */
export interface Bill {
  /** What it was read as. */
  readonly format: string;
  /** The kind of provider that writes such files; undefined when anyone may. */
  readonly kind?: string;
  readonly rows: readonly BillRow[];
  /** Rows without a day or an amount, such as those of days without any usage. */
  readonly skipped: number;
}

type Cells = Readonly<Record<string, string | undefined>>;

interface Format {
  readonly name: string;
  readonly kind?: string;
  /** Columns without which it is another. */
  readonly needs: readonly string[];
  row(cells: Cells): BillRow | undefined;
}

function amount(text: string | undefined): number | null {
  const plain = (text ?? '').replace(/[$,\s]/g, '');
  const value = Number(plain);
  return plain === '' || !Number.isFinite(value) ? null : value;
}

function sum(...parts: readonly (number | null)[]): number | null {
  return parts.every((part) => part === null) ? null : parts.reduce<number>((total, part) => total + (part ?? 0), 0);
}

/** The UTC day of a date, a time, or seconds since the epoch. */
function dayOf(text: string | undefined): string | undefined {
  const written = (text ?? '').trim();
  const day = /^(\d{4}-\d{2}-\d{2})(?:$|[T ]00:00)/.exec(written)?.[1];
  if (day !== undefined && !Number.isNaN(Date.parse(day))) return day;
  const at = /^\d{9,10}$/.test(written) ? Number(written) * 1000 : Date.parse(written);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString().slice(0, 10);
}

function rowOf(day: string | undefined, model: string | undefined, counts: Omit<BillRow, 'day' | 'model'>) {
  const { costUsd, inputTokens, outputTokens } = counts;
  if (day === undefined || (costUsd === null && inputTokens === null && outputTokens === null)) return undefined;
  return { day, model: (model ?? '').trim(), ...counts };
}

/** Exports of the providers' consoles, as they were in November 2026. */
const FORMATS: readonly Format[] = [
  {
    // claude_api_cost_*.csv: a row per day, model and kind of token.
    name: "Anthropic's cost export",
    kind: 'anthropic',
    needs: ['usage_date_utc', 'model', 'cost_usd'],
    row: (cells) =>
      rowOf(dayOf(cells['usage_date_utc']), cells['model'], {
        costUsd: amount(cells['cost_usd']),
        inputTokens: null,
        outputTokens: null,
      }),
  },
  {
    // claude_api_tokens_*.csv
    name: "Anthropic's usage export",
    kind: 'anthropic',
    needs: ['usage_date_utc', 'model_version', 'usage_input_tokens_no_cache', 'usage_output_tokens'],
    row: (cells) =>
      rowOf(dayOf(cells['usage_date_utc']), cells['model_version'], {
        costUsd: null,
        inputTokens: sum(
          amount(cells['usage_input_tokens_no_cache']),
          amount(cells['usage_input_tokens_cache_write_5m']),
          amount(cells['usage_input_tokens_cache_write_1h']),
          amount(cells['usage_input_tokens_cache_read']),
        ),
        outputTokens: amount(cells['usage_output_tokens']),
      }),
  },
  {
    // cost_*.csv: the line item begins with the model, as in "gpt-4o-mini-2024-07-18, input"; empty when not grouped by it.
    name: "OpenAI's cost export",
    kind: 'openai',
    needs: ['start_time', 'amount_value'],
    row: (cells) =>
      rowOf(dayOf(cells['start_time_iso'] ?? cells['start_time']), cells['line_item']?.split(/[,|]/)[0], {
        costUsd: amount(cells['amount_value']),
        inputTokens: null,
        outputTokens: null,
      }),
  },
  {
    // completions_usage_*.csv: input_tokens holds the cached ones.
    name: "OpenAI's usage export",
    kind: 'openai',
    needs: ['start_time', 'num_model_requests', 'input_tokens', 'output_tokens'],
    row: (cells) =>
      rowOf(dayOf(cells['start_time_iso'] ?? cells['start_time']), cells['model'], {
        costUsd: null,
        inputTokens: amount(cells['input_tokens']),
        outputTokens: amount(cells['output_tokens']),
      }),
  },
];

const MEANINGS = ['date', 'model', 'cost', 'input', 'output'];

function invalid(message: string): SignalboxError {
  return new SignalboxError('invalid_request', message);
}

/** The format that `date=…,model=…,cost=…` describes. */
function mapped(columns: string, header: readonly string[]): Format {
  const meanings = new Map(
    columns.split(',').map((pair): [string, string] => {
      const [name = '', column = ''] = pair.split(/=(.*)/s).map((part) => part.trim());
      if (!MEANINGS.includes(name)) {
        throw invalid(`--columns takes ${MEANINGS.join('=…, ')}=…, not "${pair.slice(0, 60)}"`);
      }
      if (!header.includes(column)) throw invalid(`there is no column "${column}"; there are ${header.join(', ')}`);
      return [name, column];
    }),
  );
  if (!meanings.has('date') || !['cost', 'input', 'output'].some((name) => meanings.has(name))) {
    throw invalid('--columns needs date=…, and cost=… or input=… and output=…');
  }
  const cell = (cells: Cells, name: string) => cells[meanings.get(name) ?? ''];
  return {
    name: 'the columns that were named',
    needs: [],
    row: (cells) =>
      rowOf(dayOf(cell(cells, 'date')), cell(cells, 'model'), {
        costUsd: amount(cell(cells, 'cost')),
        inputTokens: amount(cell(cells, 'input')),
        outputTokens: amount(cell(cells, 'output')),
      }),
  };
}

/**
 * Reads a provider's CSV (or TSV).
 *
 * @param columns What its columns mean, for files that are none of the known ones.
 * @throws `invalid_request` with the columns that there are.
 */
export function readBill(text: string, columns?: string): Bill {
  const firstLine = text.slice(0, text.indexOf('\n') === -1 ? undefined : text.indexOf('\n'));
  let records: Cells[];
  try {
    records = parse(text, {
      columns: (names: string[]) => names.map((name) => name.trim()),
      bom: true,
      delimiter: firstLine.includes('\t') ? '\t' : ',',
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch (error) {
    throw new SignalboxError(
      'invalid_request',
      `that is no CSV: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const [first] = records;
  if (first === undefined) throw invalid('the file has no rows');
  const header = Object.keys(first);
  const format =
    columns === undefined
      ? FORMATS.find(({ needs }) => needs.every((name) => header.includes(name)))
      : mapped(columns, header);
  if (format === undefined) {
    throw invalid(
      `these columns are none of OpenAI's or Anthropic's exports: ${header.join(', ')}; say what they mean with --columns date=…,model=…,cost=…`,
    );
  }
  const rows = records.flatMap((cells) => format.row(cells) ?? []);
  if (rows.length === 0) throw invalid(`none of the ${records.length} rows has a day and an amount`);
  return {
    format: format.name,
    ...(format.kind === undefined ? {} : { kind: format.kind }),
    rows,
    skipped: records.length - rows.length,
  };
}
