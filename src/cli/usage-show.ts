import { defineCommand } from 'citty';
import { staleText, type PriceTrouble } from '../catalog/price-age.ts';
import { systemClock } from '../clock.ts';
import { usd } from '../decide/words.ts';
import type { UsageRow } from '../ledger/store.ts';
import { readReport, type UsageReport } from '../ledger/usage-report.ts';
import { print, printJson, table } from './print.ts';
import { pricesNow, queryOf, WINDOW_ARGS, withStore } from './usage-window.ts';

function cells(row: UsageRow, label: string): string[] {
  const notes = [
    ...(row.unpriced === 0 ? [] : [`${row.unpriced} of unknown price`]),
    ...(row.estimated === 0 ? [] : [`${row.estimated} estimated`]),
    ...(row.cached === 0 ? [] : [`${row.cached} given again`]),
  ];
  return [
    label,
    String(row.requests),
    String(row.failed),
    String(row.inputTokens),
    String(row.outputTokens),
    usd(row.costUsd - row.reservedUsd),
    row.interrupted === 0 ? '' : usd(row.reservedUsd),
    usd(row.savingsUsd),
    notes.join(', '),
  ];
}

/** What stands below the table. */
function footnotes({ total, projection, savings, since, until, zone }: UsageReport, prices: PriceTrouble): string[] {
  const day = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const stale = staleText(prices);
  return [
    `from ${day(since)} to ${day(until)}, days of ${zone}`,
    ...(projection === null
      ? []
      : [
          `by its end: ${usd(projection.usd)}, between ${usd(projection.low)} and ${usd(projection.high)} (${projection.method})`,
        ]),
    `saved: ${savings.method}`,
    ...(total.interrupted === 0
      ? []
      : [`held: reserves of ${total.interrupted} interrupted requests, of which nobody knows what was spent`]),
    ...(total.unpriced === 0
      ? []
      : [`${total.unpriced} requests have no known price: they cost more than is shown; signalbox usage reprice`]),
    ...(prices.unknown.length === 0 ? [] : [`no price is known of ${prices.unknown.join(', ')}`]),
    ...(stale === undefined ? [] : [stale]),
  ];
}

export const show = defineCommand({
  meta: { name: 'show', description: 'Totals by group, and what the day, week or month will come to' },
  args: WINDOW_ARGS,
  async run({ args }) {
    const now = systemClock.now();
    const query = queryOf(args, now);
    const [report, prices] = await withStore(
      args,
      async (store, config) => [await readReport(store, query, now), await pricesNow(config)] as const,
    );
    if (args.json === true) return printJson({ ...report, prices });
    const lines = footnotes(report, prices).map((line) => `* ${line}`);
    if (report.data.length === 0) return print('no requests in this window', '', ...lines);
    print(
      table(
        [
          { title: args.by },
          { title: 'requests', align: 'right' },
          { title: 'failed', align: 'right' },
          { title: 'tokens in', align: 'right' },
          { title: 'tokens out', align: 'right' },
          { title: 'spent', align: 'right' },
          { title: 'held', align: 'right' },
          { title: 'saved', align: 'right' },
          { title: '' },
        ],
        [...report.data.map((row) => cells(row, row.group || '(none)')), cells(report.total, 'total')],
      ),
      '',
      ...lines,
    );
  },
});
