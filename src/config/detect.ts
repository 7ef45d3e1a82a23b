import type { Environment } from './environment.ts';
import type { ConfigInput } from './schema.ts';

type ModelInput = ConfigInput['models'][number];

/** A host that has a key in an environment variable. */
export interface Host {
  /** `kind` of a provider. */
  readonly kind: string;
  readonly keyEnv?: string;
}

/** A small and a large model of a host, which are used when its key is in the environment. */
interface Pair {
  readonly small: string;
  readonly large: string;
}

/** By kind. */
const PAIRS: Readonly<Record<string, Pair>> = {
  openai: { small: 'gpt-4o-mini', large: 'gpt-4o' },
  anthropic: { small: 'claude-haiku-4-5', large: 'claude-sonnet-4-5' },
  openrouter: { small: 'openai/gpt-4o-mini', large: 'anthropic/claude-sonnet-4' },
  groq: { small: 'llama-3.1-8b-instant', large: 'llama-3.3-70b-versatile' },
  together: {
    small: 'meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo',
    large: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
  },
  deepseek: { small: 'deepseek-chat', large: 'deepseek-reasoner' },
  mistral: { small: 'mistral-small-latest', large: 'mistral-large-latest' },
};

/** Keys of hosts that have no row of their own. */
const STRANGERS: readonly Host[] = [
  { kind: 'gemini', keyEnv: 'GEMINI_API_KEY' },
  { kind: 'gemini', keyEnv: 'GOOGLE_API_KEY' },
];

/** Where a router starts when nobody has said more: a large model answers more often well than a small one. */
const SMALL_QUALITY = 0.7;
const LARGE_QUALITY = 0.85;

const OLLAMA = 'http://127.0.0.1:11434';
const OLLAMA_MODELS = 8;

/** JSON that a GET on this machine gives, or undefined. */
export type Probe = (url: string) => Promise<unknown>;

export interface Detected {
  /** Null when nothing was found that can be called. */
  readonly config: ConfigInput | null;
  /** What the configuration uses, in words. */
  readonly found: readonly string[];
  /** Keys that are there and not used, and what can be done. */
  readonly unused: readonly string[];
}

function unusedKey({ kind, keyEnv }: Host, known: boolean): string {
  if (known) return `${keyEnv}: which models kind ${kind} has here cannot be guessed; add it to providers by hand`;
  return `${keyEnv}: kind ${kind} is not supported; an OpenAI-compatible endpoint works as kind openai with its baseUrl`;
}

function ollamaModels(answer: unknown): string[] {
  if (typeof answer !== 'object' || answer === null || !('models' in answer) || !Array.isArray(answer.models))
    return [];
  const listed: unknown[] = answer.models;
  return listed
    .flatMap((model) =>
      typeof model === 'object' && model !== null && 'name' in model && typeof model.name === 'string'
        ? [model.name]
        : [],
    )
    .filter((name) => !/embed/i.test(name) && !/[\s,]/.test(name))
    .slice(0, OLLAMA_MODELS);
}

function ollamaUrl(env: Environment): string {
  const host = env['OLLAMA_HOST'];
  if (host === undefined || host === '') return OLLAMA;
  const url = /^https?:\/\//.test(host) ? host : `http://${host.includes(':') ? host : `${host}:11434`}`;
  // Servers listen on 0.0.0.0; clients cannot call it everywhere.
  return url.replace('//0.0.0.0', '//127.0.0.1').replace(/\/+$/, '');
}

/** A configuration from the keys of `hosts` in the environment and a local Ollama. */
export async function detectConfig({
  env,
  probe,
  hosts,
}: {
  readonly env: Environment;
  readonly probe: Probe;
  readonly hosts: readonly Host[];
}): Promise<Detected> {
  const providers: ConfigInput['providers'] = {};
  const models: ModelInput[] = [];
  const found: string[] = [];
  const unused: string[] = [];
  for (const host of [...hosts, ...STRANGERS]) {
    const { kind, keyEnv: variable } = host;
    if (variable === undefined || (env[variable] ?? '') === '') continue;
    const pair = PAIRS[kind];
    if (pair === undefined) {
      const known = hosts.includes(host);
      if (known || !hosts.some(({ keyEnv }) => keyEnv === variable)) unused.push(unusedKey(host, known));
      continue;
    }
    const { small, large } = pair;
    providers[kind] = { kind, apiKey: `\${${variable}}` };
    models.push(
      { id: small.split('/').at(-1) ?? small, provider: kind, model: small, quality: SMALL_QUALITY },
      { id: large.split('/').at(-1) ?? large, provider: kind, model: large, quality: LARGE_QUALITY },
    );
    found.push(`${variable} (${small}, ${large})`);
  }
  const baseUrl = ollamaUrl(env);
  const local = ollamaModels(await probe(`${baseUrl}/api/tags`));
  if (local.length > 0) {
    providers['ollama'] = { kind: 'ollama', baseUrl };
    models.push(...local.map((name) => ({ id: name, provider: 'ollama', model: name })));
    found.push(`Ollama at ${baseUrl} (${local.join(', ')})`);
  }
  const config = { providers, models: withoutTwins(models), routing: { strategy: 'balanced' as const } };
  return { config: models.length === 0 ? null : config, found, unused };
}

/** Two hosts may serve one model: then it has two upstreams. */
function withoutTwins(models: readonly ModelInput[]): ModelInput[] {
  const byId = new Map<string, ModelInput>();
  for (const model of models) {
    const { provider, model: name, ...rest } = model;
    const known = byId.get(model.id);
    if (known === undefined) byId.set(model.id, model);
    else {
      const { provider: first, model: firstName, upstreams, ...own } = known;
      byId.set(model.id, {
        ...rest,
        ...own,
        upstreams: [
          ...(upstreams ?? [{ provider: first ?? '', model: firstName ?? model.id }]),
          { provider: provider ?? '', model: name ?? model.id },
        ],
      });
    }
  }
  return [...byId.values()];
}
