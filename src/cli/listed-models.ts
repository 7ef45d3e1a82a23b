import type { Catalog } from '../catalog/catalog.ts';
import { nearestNames } from '../catalog/nearest.ts';

/** A name as hosts take it for another: `models/` before it, `:latest`, `-latest` or `:free` behind it. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^models\//, '')
    .replace(/(?::(?:latest|free|nitro|floor|online)|-latest)$/, '');

/** Whether a host that lists this means the name by it, too: many take a name without its date. */
function means(listed: string, name: string): boolean {
  return listed === name || (listed.startsWith(name) && /^[-@]\d{4,8}(?:-|$)/.test(listed.slice(name.length)));
}

/** Models of the configuration that their provider does not list; none where it lists nothing. */
export function unlistedModels(
  { models }: Pick<Catalog, 'models'>,
  provider: string,
  listed: readonly string[],
): readonly { readonly model: string; readonly trouble: string }[] {
  if (listed.length === 0) return [];
  const there = listed.map(plain);
  return models.flatMap(({ id, upstreams }) =>
    upstreams
      .filter((upstream) => upstream.provider === provider)
      .filter(({ name }) => !there.some((one) => means(one, plain(name))))
      .map(({ name }) => {
        const near = nearestNames(name, listed).join(', ');
        const advice = near === '' ? '' : `; nearest: ${near}`;
        return {
          model: id,
          trouble: `${provider} lists ${listed.length} models, and "${name}" is not among them${advice}`,
        };
      }),
  );
}
