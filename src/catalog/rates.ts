import type { Price, Rates, Tier } from './model.ts';

/** What a price has a rate for, in a fixed order. */
export const RATE_NAMES = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWriteHour',
  'reasoning',
  'audioInput',
  'audioOutput',
  'imageInput',
  'imageOutput',
] as const satisfies readonly (keyof Rates)[];
export type RateName = (typeof RATE_NAMES)[number];

/** Anthropic, prompt caching: what is kept for an hour costs twice the input. */
export const HOUR_OF_INPUT = 2;

/**
 * The rates of a request with this much input. Providers charge all of a long request at its tier, not the part above.
 *
 * @param inputTokens Tokens, those read from and written to the cache included.
 */
export function ratesFor(price: Price, inputTokens: number): Rates {
  const held = price.tiers?.filter(({ above }) => inputTokens > above) ?? [];
  if (held.length === 0) return price;
  const rates: Rates = { ...price };
  for (const { above: _above, ...changed } of held) Object.assign(rates, changed);
  return rates;
}

type Loose<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** A price as it is written down: numbers that may be left out, tiers in any order. */
export interface WrittenPrice extends Loose<Omit<Price, 'input' | 'output' | 'tiers' | 'provenance'>> {
  readonly input: number;
  readonly output: number;
  readonly tiers?: readonly ({ readonly above: number } & Loose<Rates>)[] | undefined;
}

function known(rates: Loose<Rates>): Partial<Rates> {
  return Object.fromEntries(
    RATE_NAMES.flatMap((name) => {
      const rate = rates[name];
      return rate === undefined ? [] : [[name, rate]];
    }),
  );
}

/** Makes a price of one that is written down. */
export function priceOf(written: WrittenPrice, provenance: Price['provenance']): Price {
  const { input, output, request, webSearch, tiers } = written;
  const sorted = tiers?.map((tier): Tier => ({ above: tier.above, ...known(tier) })).sort((a, b) => a.above - b.above);
  return {
    ...known(written),
    input,
    output,
    ...(request === undefined ? {} : { request }),
    ...(webSearch === undefined ? {} : { webSearch }),
    ...(sorted === undefined || sorted.length === 0 ? {} : { tiers: sorted }),
    provenance,
  };
}
