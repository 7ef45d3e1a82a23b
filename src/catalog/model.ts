/** What a request may need and a model may have. `json` = JSON mode or a JSON schema. */
export const CAPABILITIES = ['tools', 'vision', 'audio', 'files', 'json', 'reasoning', 'embeddings'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Where a price comes from and when it was true (ISO date). */
export interface Provenance {
  readonly source: 'config' | 'genai-prices' | 'supplement' | 'local' | 'simulated';
  readonly date: string;
}

/** Whether a price was read from a list that may have become old since. */
export function isPublished({ source }: Provenance): boolean {
  return source === 'genai-prices' || source === 'supplement';
}

/** USD per million tokens, by what the tokens are. A part left out costs what `input` or `output` costs. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  /** Kept for five minutes. */
  readonly cacheWrite?: number;
  /** Kept for an hour. Left out: twice `input`, as Anthropic charges. */
  readonly cacheWriteHour?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  readonly imageInput?: number;
  readonly imageOutput?: number;
}

/** The rates of all tokens, of the output too, of a request with more than `above` tokens of input; the others stay. */
export interface Tier extends Partial<Rates> {
  /** Tokens, those read from and written to the cache included. */
  readonly above: number;
}

/** List price in USD per million tokens. */
export interface Price extends Rates {
  /** USD per request. */
  readonly request?: number;
  /** USD per search of the web that the provider makes. */
  readonly webSearch?: number;
  /** From the lowest to the highest; a higher one goes on from the one below. */
  readonly tiers?: readonly Tier[];
  readonly provenance: Provenance;
}

/** One place where a model can be called. */
export interface Upstream {
  /** `provider/name`, unique. */
  readonly id: string;
  /** A key of `providers` in the config. */
  readonly provider: string;
  /** The model's name at that provider. */
  readonly name: string;
  /** `null` is unknown, which is never free: it sorts as the dearest. */
  readonly price: Price | null;
}

/** What can be chosen. */
export interface Model {
  readonly id: string;
  /** The model's name in an artifact. */
  readonly as?: string;
  /** Other names, `*` matches any run of characters. */
  readonly aliases: readonly string[];
  /** Declared mean quality, 0..1. */
  readonly quality?: number;
  /** Tokens in and out together; left out = unknown = allowed. */
  readonly contextWindow?: number;
  /** Tokens. */
  readonly maxOutput?: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** False when nobody said what the model can do: then every need is allowed. */
  readonly capabilitiesKnown: boolean;
  readonly upstreams: readonly Upstream[];
}

/** A model of which only the name is known: every need is allowed, and there is nowhere to call it. */
export function namedModel(id: string): Model {
  return { id, aliases: [], capabilities: new Set(), capabilitiesKnown: false, upstreams: [] };
}
