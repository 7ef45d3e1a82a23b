import { defineCommand } from 'citty';
import { usd } from '../decide/words.ts';
import { activityOf } from '../flow/activity.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson, table } from './print.ts';
import { SOURCE_ARGS } from './source.ts';
import { withStore } from './usage-window.ts';

export const history = defineCommand({
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
          row.costUsd === null ? 'unknown' : `${row.status === 'interrupted' ? 'held ' : ''}${usd(row.costUsd)}`,
          row.ms === null ? '' : row.ms.toFixed(0),
          row.reason,
        ]),
      ),
    );
  },
});
