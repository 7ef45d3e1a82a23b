import type { ModelPrice, PriceCalculation, TieredPrices } from '@pydantic/genai-prices';
import type { ProviderConfig } from '../config/schema.ts';
import type { Price, Rates } from './model.ts';
import { priceOf, RATE_NAMES, type RateName } from './rates.ts';

/** The release of @pydantic/genai-prices that the lock file holds, and the day it was published. */
export const PRICE_DATA = { version: '0.1.8', date: '2026-09-23' } as const;

/** What the price data know of one model at one provider. */
export interface Listing {
  readonly price: Price | null;
  /** Tokens. */
  readonly contextWindow?: number;
}

/** Published prices of the known providers. */
export interface PriceBook {
  /** `undefined` when neither the provider nor any other lists the name. */
  find(provider: ProviderConfig, name: string): Listing | undefined;
}

/** Wires that anyone may serve at an address of their own: their name says nothing about who charges. */
const WIRES: ReadonlySet<string> = new Set(['openai', 'anthropic', 'ai-sdk']);
/** Servers that people run themselves: a hosted provider's price would be a guess. */
const SELF_HOSTED: ReadonlySet<string> = new Set(['vllm', 'lmstudio', 'ollama', 'simulated']);

/** A name longer than this is in no price list. */
const LONGEST_NAME = 200;

/** Our words for the parts of a listing that are in USD per million tokens. */
const KEYS: Readonly<Record<RateName, string>> = {
  input: 'input_mtok',
  output: 'output_mtok',
  cacheRead: 'cache_read_mtok',
  cacheWrite: 'cache_write_mtok',
  cacheWriteHour: 'cache_write_1h_mtok',
  reasoning: 'output_reasoning_mtok',
  audioInput: 'input_audio_mtok',
  audioOutput: 'output_audio_mtok',
  imageInput: 'input_image_mtok',
  imageOutput: 'output_image_mtok',
};

/** What a part costs in a request with `input` tokens: a tier holds above its start, for all of the request. */
function costAt(value: number | TieredPrices | undefined, input: number): number | undefined {
  if (typeof value !== 'object') return value;
  return value.tiers.reduce((cost, { start, price }) => (input > start ? price : cost), value.base);
}

function ratesOf(prices: ModelPrice, input: number): Partial<Rates> {
  return Object.fromEntries(
    RATE_NAMES.flatMap((name) => {
      const rate = costAt(prices[KEYS[name]], input);
      return rate === undefined ? [] : [[name, rate]];
    }),
  );
}

/** Where the tiers of a listing begin. */
function startsOf(prices: ModelPrice): number[] {
  const starts = RATE_NAMES.flatMap((name) => {
    const value = prices[KEYS[name]];
    return typeof value === 'object' ? value.tiers.map((tier) => tier.start) : [];
  });
  return [...new Set(starts)].sort((a, b) => a - b);
}

function perThousand(prices: ModelPrice, key: string): number | undefined {
  const cost = costAt(prices[key], 0);
  return cost === undefined ? undefined : cost / 1000;
}

function listedPrice(prices: ModelPrice): Price | null {
  const { input, output, ...rest } = ratesOf(prices, 0);
  if (input === undefined) return null;
  return priceOf(
    {
      ...rest,
      input,
      // A listing with an input price and no output price is an embedding or ranking model.
      output: output ?? 0,
      request: perThousand(prices, 'requests_kcount'),
      webSearch: perThousand(prices, 'web_searches_kcount'),
      tiers: startsOf(prices).map((above) => ({ above, ...ratesOf(prices, above + 1) })),
    },
    { source: 'genai-prices', date: PRICE_DATA.date },
  );
}

function varyByHour(found: PriceCalculation): boolean {
  const { prices } = found.model;
  return Array.isArray(prices) && prices.some((row) => row.constraint?.type === 'time_of_date');
}

const dearness = (price: Price | null): number => (price === null ? -1 : price.input + price.output);

/**
 * Opens the price data that ship with @pydantic/genai-prices. They are large: importing them takes tens of
 * milliseconds, which is why this happens on demand.
 *
 * Of several prices one is taken: the one in force on `today`, and where it varies by the hour the dearest, so that a
 * cost is never understated for half a day.
 *
 * @param today ISO date.
 */
export async function openPriceBook(today: string): Promise<PriceBook> {
  const { calcPrice, findProvider } = await import('@pydantic/genai-prices');

  const lookUp = (providerId: string | undefined, name: string, time: string): PriceCalculation | null => {
    try {
      const timestamp = new Date(`${today}T${time}Z`);
      return calcPrice({}, name, providerId === undefined ? { timestamp } : { providerId, timestamp });
    } catch {
      // The library throws on a listing that contradicts itself; such a price is unknown.
      return null;
    }
  };
  const listing = (providerId: string | undefined, name: string): Listing | undefined => {
    const found = lookUp(providerId, name, '12:00:00');
    if (found === null) return undefined;
    let price = listedPrice(found.model_price);
    if (varyByHour(found)) {
      for (let half = 0; half < 48; half += 1) {
        const time = `${String(half >> 1).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}:00`;
        const other = lookUp(providerId, name, time);
        const otherPrice = other === null ? null : listedPrice(other.model_price);
        if (dearness(otherPrice) > dearness(price)) price = otherPrice;
      }
    }
    const { context_window: contextWindow } = found.model;
    return { price, ...(contextWindow === undefined ? {} : { contextWindow }) };
  };
  const chargedBy = ({ kind, baseUrl }: ProviderConfig): string | undefined => {
    const byAddress = baseUrl === undefined ? undefined : findProvider({ providerApiUrl: baseUrl });
    if (byAddress !== undefined) return byAddress.id;
    if (baseUrl !== undefined && WIRES.has(kind)) return undefined;
    return findProvider({ providerId: kind })?.id;
  };

  return {
    find(provider, name) {
      if (SELF_HOSTED.has(provider.kind) || name.length > LONGEST_NAME) return undefined;
      const providerId = chargedBy(provider);
      const own = providerId === undefined ? undefined : listing(providerId, name);
      return own ?? listing(undefined, name) ?? listing(undefined, name.slice(name.lastIndexOf('/') + 1));
    },
  };
}
