import { createHash } from 'node:crypto';
import { isPublished, type Model, type Price, type Rates } from './model.ts';
import { RATE_NAMES } from './rates.ts';

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

/** The numbers of a price in a fixed order. Where they come from and when is left out: it changes no choice. */
function numbersOf(price: Price | null): unknown {
  if (price === null) return null;
  const rates = (of: Partial<Rates>) => RATE_NAMES.map((name) => of[name] ?? null);
  return [
    ...rates(price),
    price.request ?? null,
    price.webSearch ?? null,
    (price.tiers ?? []).map((tier) => [tier.above, ...rates(tier)]),
  ];
}

/**
 * Version of one upstream's price: 12 hex digits that stay the same while its numbers and their origin do. The date
 * counts where it is a fact of the price, which it is for published ones; of the user's own it is only the day on which
 * they were read.
 */
export function priceVersion(upstream: string, price: Price): string {
  const { source, date } = price.provenance;
  return digest([upstream, numbersOf(price), source, isPublished(price.provenance) ? date : null]);
}

/** Hash of every upstream's price; the order of models does not matter. */
export function pricesVersion(models: readonly Model[]): string {
  const rows = models.flatMap((model) =>
    model.upstreams.map((upstream) => JSON.stringify([model.id, upstream.id, numbersOf(upstream.price)])),
  );
  return digest(rows.sort());
}

/**
 * Hash of everything that may change a choice. The order of models and of a model's upstreams has a meaning (default,
 * fallback); the order of aliases and capabilities within a model has none.
 */
export function catalogVersion(models: readonly Model[]): string {
  return digest(
    models.map((model) => [
      model.id,
      model.as ?? null,
      [...model.aliases].sort(),
      model.quality ?? null,
      model.contextWindow ?? null,
      model.maxOutput ?? null,
      model.capabilitiesKnown ? [...model.capabilities].sort() : null,
      model.upstreams.map((upstream) => [upstream.id, numbersOf(upstream.price)]),
    ]),
  );
}
