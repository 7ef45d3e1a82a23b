import { dayOf, systemClock } from '../clock.ts';
import type { Config, ModelConfig, ProviderConfig } from '../config/schema.ts';
import type { Catalog } from './catalog.ts';
import { catalogVersion, pricesVersion } from './hash.ts';
import type { Capability, Model, Price, Upstream } from './model.ts';
import { openPriceBook, type PriceBook } from './price-book.ts';
import { priceOf } from './rates.ts';
import { createResolver } from './resolve.ts';
import { SUPPLEMENT_DATE, supplementFor } from './supplement.ts';

/** The part of a configuration that a catalogue is made of. */
export type CatalogConfig = Pick<Config, 'models' | 'providers' | 'roles'>;

export interface CatalogOptions {
  /** ISO date: which of several published prices is in force, and when the user's own were read. Default: today. */
  readonly today?: string;
}

type PriceSetting = ModelConfig['price'];

/** Kinds whose calls cost nothing unless the user says so. */
const FREE = { ollama: 'local', simulated: 'simulated' } as const;

function freeSource(kind: string): (typeof FREE)[keyof typeof FREE] | undefined {
  return kind === 'ollama' || kind === 'simulated' ? FREE[kind] : undefined;
}

function ownPrice(setting: NonNullable<PriceSetting>, kind: string, today: string): Price {
  return priceOf(setting, { source: kind === 'simulated' ? 'simulated' : 'config', date: today });
}

/** What is known of one place where a model can be called. */
interface Place {
  readonly upstream: Upstream;
  readonly contextWindow?: number | undefined;
  readonly maxOutput?: number | undefined;
  readonly capabilities?: readonly Capability[] | undefined;
}

interface Sources {
  readonly providers: Config['providers'];
  readonly book: PriceBook | undefined;
  readonly today: string;
}

function publishedPrice(provider: ProviderConfig | undefined, name: string, sources: Sources): Price | null {
  if (provider === undefined) return null;
  const source = freeSource(provider.kind);
  if (source !== undefined) return { input: 0, output: 0, provenance: { source, date: sources.today } };
  // OpenRouter's documentation: the `:free` variant of a model costs nothing.
  if (provider.kind === 'openrouter' && name.endsWith(':free')) {
    return { input: 0, output: 0, provenance: { source: 'supplement', date: SUPPLEMENT_DATE } };
  }
  return sources.book?.find(provider, name)?.price ?? null;
}

function placeOf(provider: string, name: string, price: PriceSetting, sources: Sources): Place {
  const config = sources.providers[provider];
  // Whatever a simulated model is called, it has no more than what its configuration says.
  const facts = config?.kind === 'simulated' ? undefined : supplementFor(name);
  const listed = config === undefined ? undefined : sources.book?.find(config, name);
  return {
    upstream: {
      id: `${provider}/${name}`,
      provider,
      name,
      price:
        price === undefined
          ? publishedPrice(config, name, sources)
          : ownPrice(price, config?.kind ?? '', sources.today),
    },
    contextWindow: listed?.contextWindow ?? facts?.contextWindow,
    maxOutput: facts?.maxOutput,
    capabilities: facts?.capabilities,
  };
}

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** What every upstream that is known has; undefined when none is. */
function shared(places: readonly Place[]): readonly Capability[] | undefined {
  const known = places.flatMap(({ capabilities }) => (capabilities === undefined ? [] : [capabilities]));
  return known[0]?.filter((capability) => known.every((list) => list.includes(capability)));
}

/** The model's own price holds for each of its upstreams that charges and has none of its own. */
function inherited(config: ModelConfig, provider: string, { providers }: Sources): PriceSetting {
  return providers[provider]?.kind === 'ollama' ? undefined : config.price;
}

function modelOf(config: ModelConfig, sources: Sources): Model {
  const { provider, upstreams, id } = config;
  const places =
    upstreams === undefined
      ? [placeOf(provider ?? '', config.model ?? id, config.price, sources)]
      : upstreams.map(({ provider, model, price }) =>
          placeOf(provider, model, price ?? inherited(config, provider, sources), sources),
        );
  const contextWindow = config.contextWindow ?? smallest(places.map((place) => place.contextWindow));
  const maxOutput = config.maxOutput ?? smallest(places.map((place) => place.maxOutput));
  const capabilities = config.capabilities ?? shared(places);
  return {
    id,
    ...(config.as === undefined ? {} : { as: config.as }),
    aliases: config.aliases,
    ...(config.quality === undefined ? {} : { quality: config.quality }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    capabilities: new Set(capabilities),
    capabilitiesKnown: capabilities !== undefined,
    upstreams: places.map((place) => place.upstream),
  };
}

/**
 * Fills in what the configuration leaves out of its models: first the user's own word, then the published price data,
 * then the supplement; what nobody knows stays unknown. Where a model's upstreams differ it has the smallest window
 * and what all of them can do.
 *
 * Asynchronous because the price data are loaded on demand, and only when a provider that charges is configured.
 *
 * @example
 * ```ts
 * const catalog = await buildCatalog(config);
 * catalog.resolve('gpt-4o-mini'); // { kind: 'model', model: { id: 'fast', … } }
 * ```
 */
export async function buildCatalog(config: CatalogConfig, options: CatalogOptions = {}): Promise<Catalog> {
  const today = options.today ?? dayOf(systemClock.now());
  const charges = Object.values(config.providers).some((provider) => freeSource(provider.kind) === undefined);
  const book = charges ? await openPriceBook(today) : undefined;
  const sources: Sources = { providers: config.providers, book, today };
  const models = config.models.map((model) => modelOf(model, sources));
  return {
    version: catalogVersion(models),
    pricesVersion: pricesVersion(models),
    models,
    byId: new Map(models.map((model) => [model.id, model])),
    resolve: createResolver({
      models,
      providers: Object.keys(config.providers),
      roles: Object.keys(config.roles),
      price: (provider, name) => publishedPrice(config.providers[provider], name, sources),
    }),
  };
}
