import { z } from 'zod';
import { CAPABILITIES } from '../catalog/model.ts';
import { bytes, duration } from './units.ts';

const fraction = z.number().min(0).max(1);
const usd = z.number('expected a number ≥ 0').min(0, 'expected a number ≥ 0');
const name = z.string().min(1);
const names = z.array(name);

/** USD per million tokens. */
const rates = {
  input: usd,
  output: usd,
  cacheRead: usd.optional(),
  cacheWrite: usd.optional(),
  cacheWriteHour: usd.optional(),
  reasoning: usd.optional(),
  audioInput: usd.optional(),
  audioOutput: usd.optional(),
  imageInput: usd.optional(),
  imageOutput: usd.optional(),
};

/** `request` in USD per request, `webSearch` in USD per search, the rest in USD per million tokens. */
const price = z.strictObject({
  ...rates,
  request: usd.optional(),
  webSearch: usd.optional(),
  /** All of a request with more input than `above` tokens is charged at these rates; what is left out stays. */
  tiers: z
    .array(z.strictObject({ above: z.int().positive(), ...rates, input: usd.optional(), output: usd.optional() }))
    .min(1)
    .refine((tiers) => new Set(tiers.map(({ above }) => above)).size === tiers.length, {
      message: 'two tiers begin at the same number of tokens',
    })
    .optional(),
});

const timeouts = z.strictObject({
  connect: duration.prefault('5s'),
  firstToken: duration.prefault('10s'),
  firstTokenReasoning: duration.prefault('60s'),
  firstTokenLocal: duration.prefault('180s'),
  idle: duration.prefault('60s'),
  total: duration.prefault('600s'),
});

/** What a simulated model can do: skill per topic 0..1 (`default` for the rest), and how fast it answers. */
const simulatedModel = z.strictObject({
  skill: z.record(z.string(), fraction),
  firstToken: duration.prefault('20ms'),
  tokensPerSecond: z.number().positive().default(400),
});

const provider = z.strictObject({
  kind: name,
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** One key or a pool. */
  apiKey: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** It is called with the key that each caller brings along, and with no other. */
  callerKey: z.boolean().default(false),
  headers: z.record(z.string(), z.string()).optional(),
  /** Calls in flight at once. */
  concurrency: z.int().positive().optional(),
  timeouts: timeouts.partial().optional(),
  /** Callers may name models of it that are not configured and whose price nobody knows. */
  allowUnpriced: z.boolean().default(false),
  /** Azure's api-version. */
  apiVersion: z.string().optional(),
  /** `ai-sdk` only: the package, or the path of a module. */
  package: name.optional(),
  /** `ai-sdk` only: the function of it that makes the provider. */
  factory: name.optional(),
  /** `ai-sdk` only: what that function is given beside key, address and headers. */
  options: z.record(name, z.unknown()).optional(),
  /** `simulated` only: the seed of its answers. */
  seed: z.int().optional(),
  /** `simulated` only: its models by name. */
  models: z.record(z.string(), simulatedModel).optional(),
});

const upstream = z.strictObject({ provider: name, model: name, price: price.optional() });

const model = z
  .strictObject({
    id: name.refine((id) => !/[\s,]/.test(id), 'must not contain spaces or commas'),
    as: name.optional(),
    quality: fraction.optional(),
    aliases: names.default([]),
    contextWindow: z.int().positive().optional(),
    maxOutput: z.int().positive().optional(),
    capabilities: z.array(z.enum(CAPABILITIES)).optional(),
    price: price.optional(),
    provider: name.optional(),
    model: name.optional(),
    upstreams: z.array(upstream).min(1).optional(),
  })
  .refine((m) => (m.upstreams === undefined) !== (m.provider === undefined), {
    message: 'needs either provider (and model) or upstreams, not both',
  });

/** A strategy as a user writes it. */
export const strategySetting = z.union([
  z.enum(['quality-first', 'balanced', 'cost-first', 'static', 'cheapest', 'largest', 'random', 'round-robin']),
  z.strictObject({
    keepQuality: z.union([fraction, z.strictObject({ of: name, at: fraction, confidence: fraction.optional() })]),
  }),
  z.strictObject({ budgetPer1k: z.number().positive() }),
  z.strictObject({
    weights: z.strictObject({ quality: usd.default(1), cost: usd.default(0), latency: usd.default(0) }),
  }),
]);

/** Where dense vectors of prompts come from, for routers that were trained with them. */
const embedder = z
  .strictObject({
    kind: z.enum(['hashed', 'openai', 'ollama', 'transformers']),
    /** A configured provider, for its address, key and headers. */
    provider: name.optional(),
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),
    apiKey: z.string().optional(),
    /** `transformers`: the folder of the model's files. */
    model: name.optional(),
    /** Length of the vectors: asked for, and checked. */
    dimensions: z.int().positive().optional(),
    deadline: duration.prefault('150ms'),
  })
  .refine((e) => e.kind === 'hashed' || e.model !== undefined, { message: 'needs model', path: ['model'] })
  .refine((e) => e.provider === undefined || (e.baseUrl === undefined && e.apiKey === undefined), {
    message: 'takes address and key from provider: leave out baseUrl and apiKey, or provider',
    path: ['provider'],
  });

/** What may be kept of prompts, least first. */
export const PROMPTS = ['none', 'features', 'full'] as const;
const prompts = z.enum(PROMPTS);

/** Whether answers are kept for the same request. */
const cached = z.union([z.literal('off'), z.strictObject({ ttl: duration })]);

const routing = z.strictObject({
  mode: z.enum(['route', 'observe', 'off']).default('route'),
  router: name.default('learned'),
  strategy: strategySetting.default('balanced'),
  default: name.optional(),
  fallbacks: names.optional(),
  unknownModel: z.enum(['reject', 'route']).default('reject'),
  expose: z.enum(['headers', 'body']).default('headers'),
  embedder: embedder.optional(),
  cache: cached.default('off'),
});

/** What may be spent in a period. */
export const budget = z.strictObject({
  usd: z.number().positive(),
  per: z.enum(['hour', 'day', 'week', 'month']),
  zone: z.string().default('UTC'),
  atLimit: z.enum(['cheapest', 'refuse']).default('cheapest'),
});

const role = z.strictObject({
  mode: z.enum(['route', 'observe', 'off']).optional(),
  router: name.optional(),
  strategy: strategySetting.optional(),
  default: name.optional(),
  fallbacks: names.optional(),
  unknownModel: z.enum(['reject', 'route']).optional(),
  expose: z.enum(['headers', 'body']).optional(),
  embedder: embedder.optional(),
  cache: cached.optional(),
  prompts: prompts.optional(),
  models: names.optional(),
  budget: budget.optional(),
  taxonomy: z.string().optional(),
});

/** What keys may be limited to; a key with `admin` manages as well. */
export const SCOPES = ['inference', 'usage', 'feedback'] as const;
export const scopes = z.array(z.enum(SCOPES));

/** How much a key may ask: requests and tokens per minute, requests at once. */
export const keyLimits = z.strictObject({
  rpm: z.int().positive().optional(),
  tpm: z.int().positive().optional(),
  parallel: z.int().positive().optional(),
});

const key = z
  .strictObject({
    name,
    /** `sb-…`; better given as `${ENV}`. */
    key: z.string().startsWith('sb-').min(20).optional(),
    /** SHA-256 of the key, hex. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i)
      .optional(),
    admin: z.boolean().default(false),
    scopes: scopes.default([...SCOPES]),
    models: names.optional(),
    roles: names.optional(),
    limits: keyLimits.optional(),
    budget: budget.optional(),
    expires: z.iso.datetime({ offset: true }).optional(),
  })
  .refine((k) => (k.key === undefined) !== (k.sha256 === undefined), { message: 'needs either key or sha256' });

/** The whole of `signalbox.yaml`, after `${ENV}` is expanded. */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: name.default('127.0.0.1'),
      port: z.int().min(0).max(65535).default(3456),
      workers: z.int().positive().default(1),
      maxBody: bytes.prefault('32MB'),
    })
    .prefault({}),
  auth: z
    .strictObject({
      mode: z.enum(['loopback-open', 'required']).default('loopback-open'),
      /** Origins that browsers may call from. */
      origins: z.array(z.url()).default([]),
      /** Host names beside the loopback ones. */
      hosts: names.default([]),
      keys: z.array(key).default([]),
    })
    .prefault({}),
  storage: z
    .strictObject({
      url: z
        .string()
        .regex(
          /^(?:file:.|memory:$|postgres(?:ql)?:\/\/.)/,
          'expected file:<path>, memory: or postgres://user@host/database',
        )
        .default('file:.signalbox/signalbox.db'),
      journal: name.default('.signalbox/journal'),
      /** The journal grows to this size at most while the store is behind. */
      journalCap: bytes.prefault('1GB'),
      redis: z.string().nullable().default(null),
      prompts: prompts.default('features'),
      /** Path of a module whose function takes out of texts what must not be kept. */
      redact: name.optional(),
      retention: duration.prefault('90d'),
      /** Of prompts; left out: as long as requests. */
      promptRetention: duration.optional(),
    })
    .prefault({}),
  providers: z.record(name, provider),
  models: z.array(model).min(1, 'at least one model is needed'),
  routing: routing.prefault({}),
  timeouts: timeouts.prefault({}),
  prices: z
    .strictObject({
      /** Published prices that are older raise an alarm. */
      staleAfter: duration.prefault('90d'),
    })
    .prefault({}),
  retries: z
    .strictObject({
      max: z.int().min(0).max(10).default(2),
      wait: duration.prefault('3s'),
      /** USD that one request may cost over all its calls. */
      maxCost: z.number().positive().optional(),
    })
    .prefault({}),
  roles: z.record(name, role).prefault({}),
  cache: z
    .strictObject({
      /** In the memory of a process. */
      maxSize: bytes.prefault('64MB'),
      maxEntry: bytes.prefault('1MB'),
      /** Where else: nowhere, in the ledger's store, or in `storage.redis`. */
      tier: z.enum(['memory', 'store', 'redis']).default('memory'),
    })
    .prefault({}),
  /** Beside those of roles and keys. */
  budgets: z
    .array(
      budget.extend({
        /** `name=value`, as in `x-signalbox-tags`; left out: every request counts. */
        tag: z
          .string()
          .regex(/^[^=,]+=[^,]+$/, 'expected name=value')
          .optional(),
      }),
    )
    .default([]),
});

/** A config as the engine reads it: defaults filled in, durations in milliseconds, sizes in bytes. */
export type Config = z.output<typeof configSchema>;
/** A config as a user writes it. */
export type ConfigInput = z.input<typeof configSchema>;
export type ProviderConfig = Config['providers'][string];
export type ModelConfig = Config['models'][number];
export type RoleConfig = Config['roles'][string];
export type RoutingConfig = Config['routing'];
export type KeyConfig = Config['auth']['keys'][number];
export type Budget = z.output<typeof budget>;

export type KeyLimits = z.output<typeof keyLimits>;
/** What is kept of a prompt. */
export type PromptSetting = (typeof PROMPTS)[number];
export type Scope = (typeof SCOPES)[number];
export type TimeoutsConfig = Config['timeouts'];
export type EmbedderConfig = z.output<typeof embedder>;
export type StrategySetting = z.output<typeof strategySetting>;
