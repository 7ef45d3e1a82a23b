import { z } from 'zod';
import { effectNote } from './effect.ts';
import { configSchema } from './schema.ts';

/** One row of the reference: a key, its type, its default and what it does. `*` stands for any name or index. */
export interface ConfigRow {
  readonly path: string;
  readonly type: string;
  readonly standard: string;
  readonly about: string;
}

const LIMITS = {
  connect: 'To open a connection to the provider',
  firstToken: 'Until a streamed answer begins',
  firstTokenReasoning: 'The same, for models that reason first',
  firstTokenLocal: 'The same, for providers on your own machines, which may have to load the model',
  idle: 'Longest silence inside a stream',
  total:
    'Until an answer begins, over all attempts, those that go on with a broken answer included; for answers that are not streamed until they are complete',
};

/** What a price has a rate for: USD per million tokens. */
const RATES = {
  input: 'USD per million input tokens',
  output: 'USD per million output tokens',
  cacheRead: 'USD per million tokens read from the prompt cache; left out: as `input`',
  cacheWrite: 'USD per million tokens written to the prompt cache for five minutes; left out: as `input`',
  cacheWriteHour: 'The same for an hour; left out: twice `input`',
  reasoning: 'USD per million reasoning tokens; left out: as `output`',
  audioInput: 'USD per million tokens of sound; left out: as `input`',
  audioOutput: 'USD per million tokens of sound; left out: as `output`',
  imageInput: 'USD per million tokens of images; left out: as `input`',
  imageOutput: 'USD per million tokens of images; left out: as `output`',
};

const PRICE = {
  ...RATES,
  request: 'USD per request, on top',
  webSearch: 'USD per search of the web that the provider makes, on top',
  tiers: 'What long requests cost; a tier holds for all tokens of a request, and what it leaves out stays',
  'tiers.*.above': 'Tokens of input, those of the prompt cache counted, above which it holds',
  ...Object.fromEntries(Object.keys(RATES).map((name) => [`tiers.*.${name}`, `\`${name}\` from there on`])),
};

const ROUTING = {
  mode: '`route`; `observe` serves the default and logs what routing would have done; `off` serves the default',
  router:
    'Which router predicts quality: a path, from this file’s folder, is an artifact of `signalbox train`; `prior` knows what you declare, `complexity` is a set of rules; `learned` means `prior`, since no trained router ships',
  strategy:
    'How predicted quality, cost and latency are weighed. `quality-first`: the cheapest of those that cannot be told from the best; `balanced` and `cost-first`: 98 % and 90 % of the best single model’s quality for the least; `static`: always `default`; `cheapest`; `largest`: the dearest; `random`; `round-robin`; { keepQuality: 0.95 }; { budgetPer1k: USD }; { weights: { quality, cost, latency } }',
  default:
    'Model used when routing is off or static, and the baseline that savings are counted against; left out: the model of the highest declared quality, else the one that an artifact measured best',
  fallbacks: 'Models to try when the chosen one fails; left out: the ranking; `[]` forbids',
  unknownModel:
    'What a model name that nobody knows means: `reject` (404) or `route`. On Ollama’s paths it is always routed, with the warning `unknown-model-routed`: its clients name models of its library',
  expose: '`body` adds `routing` to every answer; `headers` adds nothing to a body',
  embedder: 'Where vectors of prompts come from, for a router that was trained with them; left out: nowhere',
  'embedder.kind':
    '`hashed`: no vectors; `openai`: any `/embeddings`; `ollama`; `transformers`: ONNX files on this machine',
  'embedder.provider': 'The configured provider whose address, key and headers are used',
  'embedder.baseUrl': 'Address without a provider; left out: OpenAI’s, or Ollama on this machine',
  'embedder.apiKey': 'Key without a provider',
  'embedder.model': 'The model’s name there; `transformers`: the folder of its files',
  'embedder.dimensions': 'Length of the vectors: asked of the endpoint, and checked; left out: the model’s own',
  'embedder.deadline': 'How long a request waits for its vector; later it is routed by hashed features',
  cache:
    'Whether the answer to the very same request of the same key is given again: `off`, or { ttl: 1h }; the header `x-signalbox-cache` asks for it, or against it, request by request',
  'cache.ttl': 'How long an answer is given again',
};

const BUDGET = {
  usd: 'USD per period',
  per: 'The period',
  zone: 'Time zone in which periods begin',
  atLimit: 'When it is spent: `cheapest` model or `refuse`',
};

function under(prefix: string, rows: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(rows).map(([name, about]) => [`${prefix}.${name}`, about]));
}

const ABOUT: Readonly<Record<string, string>> = {
  'server.host': 'Address to listen on; others than this machine need `auth.mode: required`',
  'server.port': 'Port; 0 takes any free one',
  'server.workers': 'Processes that serve, on one port and as one gateway',
  'server.maxBody': 'Largest request body; larger ones are 413',
  'auth.mode': '`loopback-open`: this machine needs no key, everyone else does; `required`: everyone does',
  'auth.origins': 'Origins of web pages that may call; none by default',
  'auth.hosts': 'Names in the Host header, beside those of this machine, that are accepted without a key',
  'auth.keys': 'Keys that callers may present',
  'auth.keys.*.name': 'Shown in the ledger instead of the key',
  'auth.keys.*.key': 'The key, `sb-…`; better `${ENV}` or `sha256`',
  'auth.keys.*.sha256': 'SHA-256 of the key in hex, so that the key itself is not written here',
  'auth.keys.*.admin': 'May see everyone’s requests and the management routes',
  'auth.keys.*.scopes':
    'What it is for: `inference`: ask models; `usage`: see its own requests and what they cost; `feedback`: score them',
  'auth.keys.*.models': 'The only models it may use; left out: all',
  'auth.keys.*.roles': 'The only roles it may use; left out: all',
  'auth.keys.*.limits': 'How much it may ask; left out: no limit',
  'auth.keys.*.limits.rpm': 'Requests per minute',
  'auth.keys.*.limits.tpm': 'Tokens per minute',
  'auth.keys.*.limits.parallel': 'Requests at once',
  'auth.keys.*.budget': 'What it may spend',
  ...under('auth.keys.*.budget', BUDGET),
  'auth.keys.*.expires': 'ISO time after which it is refused',
  'storage.url': 'The ledger: `file:<path>` (SQLite), `postgres://user@host/database` or `memory:`',
  'storage.journal': 'Folder of the journal that requests are written to first',
  'storage.journalCap': 'The journal grows to this size at most while the store is behind',
  'storage.redis':
    'Redis that replicas share, `redis://host:port`: limits, budgets, sessions, health of upstreams; needs the package ioredis. Left out: each process counts for itself',
  'storage.prompts':
    'What is kept of prompts: `none`; `features`: hashed n-grams of what is asked, from which routers learn, and no text, of 5 requests a second at most; `full`: the request’s body as well. Roles and requests may ask for less',
  'storage.redact':
    'Path, from this file’s folder, of a module whose function `redact(text)` gives back what of a text may be kept',
  'storage.retention': 'How long requests are kept; sums by hour stay',
  'storage.promptRetention': 'How long prompts and their features are kept; left out: as long as requests',
  providers: 'Where models are called, by a name of your own',
  'providers.*.kind': 'A wire or a preset: KINDS',
  'providers.*.baseUrl':
    'Address that the dialect’s paths follow, as `https://host/v1` is followed by `/chat/completions` or `/messages`; `ollama` and `azure`: without `/v1`. Left out: the preset’s',
  'providers.*.apiKey':
    'The provider’s key, or a list of keys: the first that is ready is used, the next when it is limited or refused',
  'providers.*.callerKey':
    'It is called with the key that each caller sends, and only for that caller; excludes `apiKey`. Without a key nobody calls it',
  'providers.*.headers': 'Headers to add to every call',
  'providers.*.concurrency':
    'Calls in flight at once; more go to other providers, or wait their turn where there is none',
  'providers.*.timeouts': 'Limits of this provider alone',
  ...under('providers.*.timeouts', {
    ...LIMITS,
    total:
      'Until an answer of this provider begins, or is complete when it is not streamed; then the next upstream is tried',
  }),
  'providers.*.allowUnpriced':
    'Callers may name models of it (`provider/model`) that are not configured and whose price nobody knows; their cost is booked as unknown',
  'providers.*.apiVersion': 'Azure’s `api-version`',
  'providers.*.package': '`ai-sdk`: the package with the models, or the path of a module',
  'providers.*.factory': '`ai-sdk`: the function of it that makes the provider; left out: its only `create…`',
  'providers.*.options': '`ai-sdk`: what that function is given beside key, address and headers',
  'providers.*.seed': '`simulated`: the seed of its answers',
  'providers.*.models': '`simulated`: its models by name',
  'providers.*.models.*.skill': 'Share of tasks of a topic that it answers right, 0..1; `default` for the rest',
  'providers.*.models.*.firstToken': 'Time to the first token',
  'providers.*.models.*.tokensPerSecond': 'Tokens per second after that',
  models: 'The models to choose among',
  'models.*.id': 'The name that you use',
  'models.*.as': 'The name under which a trained router knows it',
  'models.*.quality': 'Your estimate of its share of good answers, 0..1, until something is learned',
  'models.*.aliases': 'Other names that mean it; `*` matches any run',
  'models.*.contextWindow': 'Tokens; left out: the catalogue’s',
  'models.*.maxOutput': 'Tokens; left out: the catalogue’s',
  'models.*.capabilities': 'What it can take; left out: the catalogue’s; unknown is allowed',
  'models.*.price': 'Your price; left out: the catalogue’s',
  ...under('models.*.price', PRICE),
  'models.*.provider': 'Where it is called (short for one upstream)',
  'models.*.model': 'Its name there; left out: `id`',
  'models.*.upstreams': 'Several places where it can be called, tried in order',
  'models.*.upstreams.*.provider': 'Name of the provider',
  'models.*.upstreams.*.model': 'Its name there',
  'models.*.upstreams.*.price': 'The price there',
  ...under('models.*.upstreams.*.price', PRICE),
  ...under('routing', ROUTING),
  ...under('timeouts', LIMITS),
  'prices.staleAfter':
    'Published prices that are older raise an alarm: `doctor`, the log at the start, `signalbox_prices_stale`, `signalbox usage show`',
  'retries.max':
    'Retries on the same model: after a short Retry-After, once quickly after a failure of the upstream, and with growing waits when nobody else could help',
  'retries.wait': 'Longest Retry-After worth waiting for; beyond it the next upstream or model is called at once',
  'retries.maxCost':
    'USD that one request may cost over all its calls: none is begun that could exceed it, nor one without a known price; left out: no limit',
  roles: 'Settings by role; a role may set whatever `routing` may',
  ...under('roles.*', ROUTING),
  'roles.*.prompts': 'What is kept of its prompts, where `storage.prompts` keeps more; left out: as that says',
  'roles.*.models': 'The only models the role may use; left out: all',
  'roles.*.budget': 'What the role may spend',
  ...under('roles.*.budget', BUDGET),
  'roles.*.taxonomy': 'Path of a taxonomy',
  'cache.maxSize': 'Kept answers in the memory of a process; the least recently used go first',
  'cache.maxEntry': 'A larger answer is not kept',
  'cache.tier':
    'Where answers are kept beside the memory of each process: `memory`: nowhere; `store`: in the ledger’s store; `redis`: in `storage.redis`',
  budgets: 'Budgets over all requests, and of tags; roles and keys have their own',
  'budgets.*.tag': '`name=value` of `x-signalbox-tags`: only requests with it count; left out: every request',
  ...under('budgets.*', BUDGET),
};

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly pattern?: string;
}

/** JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.properties !== undefined) {
    const keys = Object.keys(schema.properties);
    return `{ ${keys.join(', ')} }`;
  }
  if (schema.type === 'object') return 'map';
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : typeOf(schema.items)}`;
  if (schema.pattern?.includes('ms|') === true) return 'duration';
  if (schema.pattern?.includes('KB') === true) return 'size';
  return schema.type === 'string' ? 'text' : [schema.type ?? 'anything'].flat().join(' or ');
}

/** What a key does, and what of it is not yet in effect. */
function aboutOf(schema: JsonSchema, path: string, kinds: readonly string[]): string {
  const about = ABOUT[path]?.replace('KINDS', kinds.map((kind) => `\`${kind}\``).join(', ')) ?? '';
  const note = effectNote(path, schema.anyOf !== undefined);
  return note === '' || about === '' ? about : `${about}. ${note}`;
}

function rowsOf(schema: JsonSchema, path: string, kinds: readonly string[], rows: ConfigRow[]): void {
  const about = ABOUT[path];
  const leaf = schema.properties === undefined || about !== undefined;
  if (path !== '' && leaf && !path.endsWith('*')) {
    const standard =
      schema.default === undefined || (typeof schema.default === 'object' && schema.properties !== undefined)
        ? ''
        : `\`${JSON.stringify(schema.default)}\``;
    rows.push({ path, type: typeOf(schema), standard, about: aboutOf(schema, path, kinds) });
  }
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) rowsOf(inner, at(name), kinds, rows);
  if (typeof schema.additionalProperties === 'object' && schema.additionalProperties.properties !== undefined) {
    rowsOf(schema.additionalProperties, at('*'), kinds, rows);
  }
  if (schema.items?.properties !== undefined) rowsOf(schema.items, at('*'), kinds, rows);
}

/** Every key of the configuration, in the schema's order; `kinds` are those of providers, which their room knows. */
export function configRows(kinds: readonly string[]): ConfigRow[] {
  const rows: ConfigRow[] = [];
  rowsOf(configJsonSchema(), '', kinds, rows);
  return rows;
}
