import { defineCommand } from 'citty';
import { readFile } from 'node:fs/promises';
import { SignalboxError } from '../errors.ts';
import { usd } from '../decide/words.ts';
import { readBill, type Bill } from './bill.ts';
import { fileTrouble } from './file-trouble.ts';
import { print, printJson, table } from './print.ts';
import { reconcile, type Reconciled, type ReconciledLine } from './reconcile.ts';
import { SOURCE_ARGS } from './source.ts';
import { withStore } from './usage-window.ts';

const DAY_MS = 86_400_000;

async function readFileOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SignalboxError('invalid_request', `${path} cannot be read: ${fileTrouble(error)}`, { cause: error });
  }
}

/** Which of our providers the bill is from. */
function providersOf(bill: Bill, named: string | undefined, kinds: ReadonlyMap<string, string>): ReadonlySet<string> {
  if (named !== undefined) {
    if (kinds.has(named)) return new Set([named]);
    throw new SignalboxError('invalid_request', `--provider takes ${[...kinds.keys()].join(', ')}, not "${named}"`);
  }
  const all = [...kinds].filter(([, kind]) => bill.kind === undefined || kind === bill.kind);
  return new Set(all.map(([name]) => name));
}

const shown = (value: number | null, costs: boolean): string =>
  value === null ? '' : costs ? usd(value) : String(value);

const share = (ratio: number | null): string => (ratio === null ? '' : `${(ratio * 100).toFixed(2)} %`);

function cells(line: Omit<ReconciledLine, 'missing'>, costs: boolean, note: string): string[] {
  return [
    line.day,
    line.model,
    shown(line.captured, costs),
    shown(line.billed, costs),
    share(line.ratio),
    [
      note,
      line.unpriced > 0 ? `${line.unpriced} calls of unknown price` : '',
      line.estimated > 0 ? `${line.estimated} estimated` : '',
    ]
      .filter((text) => text !== '')
      .join(', '),
  ];
}

const NOTES = {
  '': '',
  bill: 'not on the bill',
  ledger: 'not in the ledger',
} as const;

function render({ lines, total, measure }: Reconciled, bill: Bill): void {
  const costs = measure === 'costUsd';
  print(
    table(
      [
        { title: 'day (UTC)' },
        { title: 'model' },
        { title: costs ? 'captured' : 'tokens captured', align: 'right' },
        { title: costs ? 'billed' : 'tokens billed', align: 'right' },
        { title: 'captured ÷ billed', align: 'right' },
        { title: '' },
      ],
      [...lines.map((line) => cells(line, costs, NOTES[line.missing ?? ''])), cells(total, costs, '')],
    ),
    '',
    `read as ${bill.format}, ${bill.rows.length} rows`,
    ...(bill.skipped === 0 ? [] : [`${bill.skipped} rows without a day or an amount were left out`]),
  );
}

export const reconcileCommand = defineCommand({
  meta: {
    name: 'reconcile',
    description: 'Compare the ledger with a provider’s exported usage or cost, by model and day; no network',
  },
  args: {
    file: { type: 'positional', description: 'CSV as OpenAI and Anthropic export it, or any with --columns' },
    ...SOURCE_ARGS,
    columns: {
      type: 'string',
      description: 'What its columns mean: date=Day,model=Model,cost=USD (or input=…,output=… in tokens)',
      valueHint: 'name=column,…',
    },
    provider: { type: 'string', description: 'Which configured provider it is from', valueHint: 'name' },
  },
  async run({ args }) {
    const bill = readBill(await readFileOf(args.file ?? ''), args.columns);
    const days = bill.rows.map((row) => row.day).sort();
    const first = days[0] ?? '';
    const last = days.at(-1) ?? first;
    const found = await withStore(args, async (store, config) => {
      const kinds = new Map(Object.entries(config.providers).map(([name, { kind }]) => [name, kind]));
      const from = providersOf(bill, args.provider, kinds);
      const booked = await store.booked({ since: Date.parse(first), until: Date.parse(last) + DAY_MS });
      return reconcile(
        bill,
        booked.filter(({ provider }) => from.has(provider)),
      );
    });
    if (args.json === true) printJson({ format: bill.format, skipped: bill.skipped, ...found });
    else render(found, bill);
  },
});
