import type { NewKey } from '../access/key-input.ts';
import type { Catalog } from '../catalog/catalog.ts';

/** What a model's tokens cost, in and out; undefined where nobody knows. */
function priceOf(catalog: Catalog, id: string): string | undefined {
  const price = catalog.models.find((model) => model.id === id)?.upstreams[0]?.price;
  return price === null || price === undefined ? undefined : `${price.input} ${price.output}`;
}

/** Why a budget that ends with the cheapest model will stop nothing: the key has no cheaper one to go on with. */
export function unstoppedBudget({ models, budget }: NewKey, catalog: Catalog): string | undefined {
  if (budget === undefined || budget.atLimit !== 'cheapest') return undefined;
  const named = models?.flatMap((name) => {
    const found = catalog.resolve(name);
    return found.kind === 'model' ? [found.model.id] : [];
  });
  const all = named ?? catalog.models.map(({ id }) => id);
  const prices = new Set(all.map((id) => priceOf(catalog, id)));
  if (prices.size !== 1) return undefined;
  const which = all.length === 1 ? `"${all[0] ?? ''}" is its only model` : 'its models cost the same';
  return `when the budget is spent this key goes on with its cheapest model, and ${which}: the budget stops nothing; --at-limit refuse would`;
}
