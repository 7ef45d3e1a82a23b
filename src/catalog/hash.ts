import { createHash } from 'node:crypto';
import type { Model, Price } from './model.ts';

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}

/** The numbers of a price in a fixed order. Where they come from and when is left out: it changes no choice. */
function numbersOf(price: Price | null): readonly (number | null)[] | null {
  if (price === null) return null;
  const { input, output, cacheRead, cacheWrite, reasoning, request } = price;
  return [input, output, cacheRead ?? null, cacheWrite ?? null, reasoning ?? null, request ?? null];
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
