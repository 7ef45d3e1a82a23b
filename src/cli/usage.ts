import { defineCommand } from 'citty';
import { systemClock } from '../clock.ts';
import { usd } from '../decide/words.ts';
import { SignalboxError } from '../errors.ts';
import { activityOf } from '../flow/activity.ts';
import { openStore } from '../ledger/open-store.ts';
import type { Store, UsageRow } from '../ledger/store.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson, table } from './print.ts';
import { group, runnable } from './runnable.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When each window begins, milliseconds since the epoch. */
export const WINDOWS: Readonly<Record<string, (now: number) => number>> = {
  hour: (now) => now - HOUR_MS,
  today: (now) => now - (now % DAY_MS),
  week: (now) => now - 7 * DAY_MS,
  month: (now) => now - 30 * DAY_MS,
  all: () => 0,
};
const GROUPS = ['model', 'role', 'key', 'provider', 'user', 'tag'] as const;

const GROUP_NAMES: string[] = [...GROUPS];

const WINDOW_ARGS = {
  ...SOURCE_ARGS,
  window: {
    type: 'enum',
    options: Object.keys(WINDOWS),
    default: 'week',
    description: 'How far back; today begins at 00:00 UTC',
  },
  by: { type: 'enum', options: GROUP_NAMES, default: 'model', description: 'What to group by' },
} as const;

interface WindowArgs {
  readonly window: string;
  readonly by: string;
}

async function withStore<T>(
  args: { readonly config?: string | undefined; readonly simulated?: boolean | undefined },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { loaded } = await findSource(args);
  const store = await openStore(loaded.config.storage.url, { clock: systemClock });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function filterOf({ window, by }: WindowArgs) {
  const begins = Object.entries(WINDOWS).find(([name]) => name === window)?.[1];
  const group = GROUPS.find((name) => name === by);
  if (begins === undefined || group === undefined) {
    throw new SignalboxError(
      'invalid_request',
      `--window takes ${Object.keys(WINDOWS).join(', ')}; --by takes ${GROUPS.join(', ')}`,
    );
  }
  const now = systemClock.now();
  return { since: begins(now), until: now + 1, by: group };
}

function cells(row: UsageRow): string[] {
  return [
    row.group || '(none)',
    String(row.requests),
    String(row.failed),
    String(row.inputTokens),
    String(row.outputTokens),
    usd(row.costUsd),
    usd(row.savingsUsd),
    row.unpriced === 0 ? '' : `${row.unpriced} unpriced`,
  ];
}

const show = defineCommand({
  meta: {
    name: 'show',
    description: 'Totals by group; savings are counterfactual: the same tokens on the default model',
  },
  args: WINDOW_ARGS,
  async run({ args }) {
    const rows = await withStore(args, (store) => store.usage(filterOf(args)));
    if (args.json === true) return printJson({ data: rows });
    if (rows.length === 0) return print('no requests in this window');
    print(
      table(
        [
          { title: args.by },
          { title: 'requests', align: 'right' },
          { title: 'failed', align: 'right' },
          { title: 'tokens in', align: 'right' },
          { title: 'tokens out', align: 'right' },
          { title: 'cost', align: 'right' },
          { title: 'saved*', align: 'right' },
          { title: '' },
        ],
        rows.map(cells),
      ),
      '',
      '* counterfactual: what the same tokens would have cost on routing.default, less what they cost',
    );
  },
});

const history = defineCommand({
  meta: { name: 'history', description: 'The latest requests, newest first' },
  args: { ...SOURCE_ARGS, limit: { type: 'string', default: '20', description: 'How many' } },
  async run({ args }) {
    const limit = wholeNumber(args.limit, 'limit', 1, 1000);
    const entries = await withStore(args, (store) => store.entries({ limit }));
    const rows = entries.map((entry) => activityOf(entry.intent, entry.outcome, entry.feedback));
    if (args.json === true) return printJson({ data: rows });
    print(
      table(
        [
          { title: 'time' },
          { title: 'model' },
          { title: 'status' },
          { title: 'cost', align: 'right' },
          { title: 'ms', align: 'right' },
          { title: 'reason' },
        ],
        rows.map((row) => [
          new Date(row.at).toISOString(),
          row.model,
          row.status,
          row.costUsd === null ? 'unknown' : usd(row.costUsd),
          row.ms === null ? '' : row.ms.toFixed(0),
          row.reason,
        ]),
      ),
    );
  },
});

function csvCell(value: string | number): string {
  const text = String(value);
  // A cell that starts like a formula is one to a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const exportCommand = defineCommand({
  meta: { name: 'export', description: 'Usage by group as CSV (or --json) on standard output' },
  args: WINDOW_ARGS,
  async run({ args }) {
    const rows = await withStore(args, (store) => store.usage({ ...filterOf(args), bucket: 'day' }));
    if (args.json === true) return printJson({ data: rows });
    const columns = [
      'start',
      'group',
      'requests',
      'failed',
      'cancelled',
      'interrupted',
      'inputTokens',
      'outputTokens',
      'costUsd',
      'unpriced',
      'estimated',
      'baselineCostUsd',
      'savingsUsd',
      'fallbacks',
    ] as const;
    print(
      columns.join(','),
      ...rows.map((row) =>
        columns
          .map((column) => csvCell(column === 'start' ? new Date(row.start).toISOString() : row[column]))
          .join(','),
      ),
    );
  },
});

export const usage = group(
  'usage',
  {
    show: runnable(show, 'usage'),
    history: runnable(history, 'usage'),
    export: runnable(exportCommand, 'usage'),
  },
  'show',
);
