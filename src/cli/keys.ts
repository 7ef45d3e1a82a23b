import { defineCommand } from 'citty';
import { issueKey, revokeKey, rotateKey } from '../access/issue.ts';
import { checkedKey } from '../access/key-input.ts';
import { keyRows, storedRow } from '../access/key-row.ts';
import type { KeyStore } from '../access/key-store.ts';
import { settledKeys, takenNames } from '../access/keyring.ts';
import { buildCatalog } from '../catalog/build.ts';
import { systemClock } from '../clock.ts';
import type { LoadedConfig } from '../config/load.ts';
import { SignalboxError } from '../errors.ts';
import { openStore } from '../ledger/open-store.ts';
import { adminKeyOf } from './admin-key.ts';
import { durationOf, KEY_ARGS, KEY_LISTS, keyInputOf } from './key-options.ts';
import { keyTable, tellKey } from './key-text.ts';
import { joinLists } from './lists.ts';
import { note, print, printJson } from './print.ts';
import { group, runnable, type Runnable } from './runnable.ts';
import { findSource, SOURCE_ARGS, type SourceArgs } from './source.ts';
import { unstoppedBudget } from './unstopped-budget.ts';

const NAME = { type: 'positional', required: true, description: 'The key’s name, as the ledger shows it' } as const;

/** The store of the configuration, with or without a gateway that runs on it. */
async function withKeys<T>(
  args: SourceArgs,
  work: (
    store: KeyStore,
    rules: { readonly now: number; readonly taken: ReadonlySet<string> },
    loaded: LoadedConfig,
  ) => Promise<T>,
): Promise<T> {
  const { loaded } = await findSource(args);
  const { url } = loaded.config.storage;
  if (url === 'memory:') {
    throw new SignalboxError(
      'config_invalid',
      'storage.url is "memory:": keys made here would be gone with this command; set it to a file, or put keys into auth.keys',
    );
  }
  const taken = takenNames(settledKeys(loaded.config.auth.keys, undefined));
  const store = await openStore(url, { clock: systemClock });
  try {
    return await work(store.keys, { now: systemClock.now(), taken }, loaded);
  } finally {
    await store.close();
  }
}

const create = defineCommand({
  meta: { name: 'create', description: 'Make a key; it is shown once' },
  args: { name: NAME, ...KEY_ARGS, ...SOURCE_ARGS },
  run: ({ args }) =>
    withKeys(args, async (store, rules, { config }) => {
      const wanted = checkedKey(keyInputOf(args, rules.now), config, rules.now);
      const unstopped = unstoppedBudget(wanted, await buildCatalog(config));
      const { key, stored } = await issueKey(store, wanted, rules);
      const row = storedRow(stored, rules);
      if (args.json === true) printJson({ ...row, key });
      else tellKey(key, row, 'made the key');
      if (unstopped !== undefined) note(unstopped);
    }),
});

const list = defineCommand({
  meta: { name: 'list', description: 'All keys, those of the configuration included' },
  args: SOURCE_ARGS,
  run: ({ args }) =>
    withKeys(args, async (store, { now, taken }, loaded) => {
      const settled = settledKeys(loaded.config.auth.keys, await adminKeyOf(loaded));
      const stored = await store.list();
      const rows = await keyRows({ settled, stored, taken, store }, { now, limit: Infinity });
      if (args.json === true) printJson({ data: rows });
      else print(rows.length === 0 ? 'no keys; "signalbox keys create me --admin" makes one' : keyTable(rows));
    }),
});

const revoke = defineCommand({
  meta: { name: 'revoke', description: 'End a key for good' },
  args: { name: NAME, ...SOURCE_ARGS },
  run: ({ args }) =>
    withKeys(args, async (store, rules) => {
      const stored = await revokeKey(store, args.name, rules);
      if (args.json === true) printJson(storedRow(stored, rules));
      else print(`revoked the key "${stored.name}"; a gateway that runs refuses it within 5 seconds`);
    }),
});

const rotate = defineCommand({
  meta: { name: 'rotate', description: 'Give a key a new secret; it is shown once' },
  args: {
    name: NAME,
    grace: {
      type: 'string',
      default: '0s',
      description: 'How long the old secret is still taken, such as 10m',
      valueHint: 'time',
    },
    ...SOURCE_ARGS,
  },
  run: ({ args }) =>
    withKeys(args, async (store, rules) => {
      const grace = durationOf(args.grace, 'grace');
      const { key, stored } = await rotateKey(store, args.name, { ...rules, grace });
      const row = storedRow(stored, rules);
      if (args.json === true) printJson({ ...row, key });
      else tellKey(key, row, 'gave a new secret to the key');
    }),
});

const created = runnable(create, 'keys');
const withLists: Runnable = {
  usage: created.usage,
  run: (rawArgs) => created.run(joinLists(rawArgs, KEY_LISTS)),
};

/** `signalbox keys`: works on the store, whether or not a gateway runs on it. */
export const keys = group(
  'keys',
  {
    create: withLists,
    list: runnable(list, 'keys'),
    revoke: runnable(revoke, 'keys'),
    rotate: runnable(rotate, 'keys'),
  },
  'list',
);
