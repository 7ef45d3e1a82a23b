import { defineCommand } from 'citty';
import { buildCatalog } from '../catalog/build.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Price } from '../catalog/model.ts';
import { systemClock } from '../clock.ts';
import { usd } from '../decide/words.ts';
import { SignalboxError } from '../errors.ts';
import { usdOf } from '../ledger/money.ts';
import { reprice, type NewPrices } from '../ledger/reprice.ts';
import type { Store } from '../ledger/store.ts';
import { shareBar } from './eta-bar.ts';
import { print, printJson, table } from './print.ts';
import { SOURCE_ARGS } from './source.ts';
import { STRETCH_ARGS, stretchOf, withStore } from './usage-window.ts';

/** The prices that the configuration and the price data have today. */
function todaysPrices(catalog: Catalog): NewPrices {
  const all = new Map<string, Price | null>();
  for (const { id, price } of catalog.models.flatMap((model) => model.upstreams)) {
    if (!all.has(id)) all.set(id, price);
  }
  const made = (upstream: string): Price | null => {
    const found = catalog.resolve(upstream);
    return found.kind === 'upstream' ? found.upstream.price : null;
  };
  return {
    of({ model, upstream }) {
      const own = catalog.byId.get(model)?.upstreams.find(({ id }) => id === upstream);
      if (own !== undefined) return own.price;
      return all.has(upstream) ? (all.get(upstream) ?? null) : made(upstream);
    },
    baseline: (model) => catalog.byId.get(model)?.upstreams[0]?.price ?? null,
  };
}

/** One price that calls were booked at before; other upstreams stay as they are, and so do baselines. */
async function storedPrice(store: Store, version: string): Promise<NewPrices> {
  const found = (await store.prices()).find((stored) => stored.version === version);
  if (found === undefined) {
    throw new SignalboxError(
      'invalid_request',
      `--prices takes today, original or a version of signalbox usage prices; there is no "${version.slice(0, 40)}"`,
    );
  }
  return { of: ({ upstream }) => (upstream === found.upstream ? found.price : null), baseline: () => null };
}

export const repriceCommand = defineCommand({
  meta: {
    name: 'reprice',
    description: 'Book requests again, from their stored tokens, at the prices of today; --since is needed',
  },
  args: {
    ...SOURCE_ARGS,
    ...STRETCH_ARGS,
    model: { type: 'string', description: 'Only requests that called this model', valueHint: 'id' },
    prices: {
      type: 'string',
      default: 'today',
      description: 'today; a version that signalbox usage prices lists; original: what was booked first',
    },
    'dry-run': { type: 'boolean', description: 'Say what would change, and change nothing' },
  },
  async run({ args }) {
    if (args.since === undefined)
      throw new SignalboxError('invalid_request', '--since says from when on: a date, or 30d');
    const stretch = stretchOf(args, systemClock.now(), 0);
    const dryRun = args['dry-run'] === true;
    const bar = shareBar('pricing anew');
    const done = await withStore(args, async (store, config) => {
      const prices =
        args.prices === 'original'
          ? 'original'
          : args.prices === 'today'
            ? todaysPrices(await buildCatalog(config))
            : await storedPrice(store, args.prices);
      const { since, until } = stretch;
      const onPage = (at: number) => bar.tell((at - since) / (until - since));
      return reprice(store, { since, until, model: args.model, dryRun }, prices, { onPage });
    }).finally(bar.end);
    const { before, after, ...counts } = done;
    const money = { beforeUsd: usdOf(before), afterUsd: usdOf(after), changeUsd: usdOf(after - before) };
    if (args.json === true) return printJson({ ...counts, ...money, dryRun });
    const would = dryRun ? 'would change' : 'changed';
    print(
      `${counts.requests} requests looked at, ${counts.changed} ${would}: ${usd(money.beforeUsd)} before, ${usd(money.afterUsd)} after (${money.changeUsd < 0 ? '' : '+'}${usd(money.changeUsd)})`,
      ...(counts.priced === 0 ? [] : [`${counts.priced} of unknown price ${dryRun ? 'would have' : 'have'} one now`]),
      ...(counts.unknown === 0 ? [] : [`${counts.unknown} stay of unknown price: set models[].price`]),
    );
  },
});

export const pricesCommand = defineCommand({
  meta: { name: 'prices', description: 'Every price that calls were booked at, with its version and origin' },
  args: SOURCE_ARGS,
  async run({ args }) {
    const prices = await withStore(args, (store) => store.prices());
    if (args.json === true) return printJson({ data: prices });
    print(
      table(
        [
          { title: 'version' },
          { title: 'upstream' },
          { title: 'input', align: 'right' },
          { title: 'output', align: 'right' },
          { title: 'from' },
          { title: 'first booked at' },
        ],
        prices.map(({ version, upstream, price, firstSeen }) => [
          version,
          upstream,
          `${price.input}${price.tiers === undefined ? '' : '…'}`,
          String(price.output),
          `${price.provenance.source} ${price.provenance.date}`,
          new Date(firstSeen).toISOString(),
        ]),
      ),
    );
  },
});
