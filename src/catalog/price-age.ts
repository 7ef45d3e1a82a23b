import { isPublished, type Model } from './model.ts';

/** What is wrong with the prices of a catalogue. */
export interface PriceTrouble {
  /** Upstreams whose price nobody knows: their cost is counted as unknown. */
  readonly unknown: readonly string[];
  /** Upstreams whose published price is older than the configuration allows, with the day of the list that has it. */
  readonly stale: readonly { readonly upstream: string; readonly date: string; readonly days: number }[];
}

const DAY_MS = 86_400_000;

/**
 * Looks at every upstream's price. The user's own prices are never stale: they are a word that holds until it is changed.
 *
 * @param staleAfter Milliseconds.
 * @param now Epoch milliseconds.
 */
export function priceTrouble(models: readonly Model[], staleAfter: number, now: number): PriceTrouble {
  const upstreams = [...new Map(models.flatMap((model) => model.upstreams).map((one) => [one.id, one])).values()];
  return {
    unknown: upstreams.filter(({ price }) => price === null).map(({ id }) => id),
    stale: upstreams.flatMap(({ id, price }) => {
      if (price === null || !isPublished(price.provenance)) return [];
      const { date } = price.provenance;
      const age = now - Date.parse(date);
      return age > staleAfter ? [{ upstream: id, date, days: Math.floor(age / DAY_MS) }] : [];
    }),
  };
}

/** Stale prices in a sentence; undefined when there are none. */
export function staleText({ stale }: PriceTrouble): string | undefined {
  const [first] = stale;
  if (first === undefined) return undefined;
  const oldest = stale.reduce((a, b) => (b.days > a.days ? b : a), first);
  const whose = stale.length === 1 ? `the price of ${first.upstream} is` : `${stale.length} prices are`;
  return `${whose} from a list of ${oldest.date}, ${oldest.days} days ago: update Signalbox, or set models[].price; signalbox usage reprice books again at the new prices`;
}
