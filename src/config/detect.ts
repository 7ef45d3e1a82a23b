import type { Environment } from './environment.ts';
import type { ConfigInput } from './schema.ts';

type ModelInput = ConfigInput['models'][number];

/** A host that is used when its key is in the environment: a small and a large model of it. */
interface Row {
  readonly env: string;
  readonly kind: string;
  readonly small: string;
  readonly large: string;
}

const ROWS: readonly Row[] = [
  { env: 'OPENAI_API_KEY', kind: 'openai', small: 'gpt-4o-mini', large: 'gpt-4o' },
  {
    env: 'OPENROUTER_API_KEY',
    kind: 'openrouter',
    small: 'openai/gpt-4o-mini',
    large: 'anthropic/claude-sonnet-4',
  },
  { env: 'GROQ_API_KEY', kind: 'groq', small: 'llama-3.1-8b-instant', large: 'llama-3.3-70b-versatile' },
  {
    env: 'TOGETHER_API_KEY',
    kind: 'together',
    small: 'meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo',
    large: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
  },
  { env: 'DEEPSEEK_API_KEY', kind: 'deepseek', small: 'deepseek-chat', large: 'deepseek-reasoner' },
  { env: 'MISTRAL_API_KEY', kind: 'mistral', small: 'mistral-small-latest', large: 'mistral-large-latest' },
];

/** Where a router starts when nobody has said more: a large model answers more often well than a small one. */
const SMALL_QUALITY = 0.7;
const LARGE_QUALITY = 0.85;

const OLLAMA = 'http://127.0.0.1:11434';
const OLLAMA_MODELS = 8;

/** JSON that a GET on this machine gives, or undefined. */
export type Probe = (url: string) => Promise<unknown>;

export interface Detected {
  readonly config: ConfigInput;
  /** What was found, in words. */
  readonly found: readonly string[];
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

/** A configuration from the keys in the environment and a local Ollama; null when there is neither. */
export async function detectConfig({
  env,
  probe,
}: {
  readonly env: Environment;
  readonly probe: Probe;
}): Promise<Detected | null> {
  const providers: ConfigInput['providers'] = {};
  const models: ModelInput[] = [];
  const found: string[] = [];
  for (const { env: variable, kind, small, large } of ROWS) {
    if ((env[variable] ?? '') === '') continue;
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
  if (models.length === 0) return null;
  return { config: { providers, models: withoutTwins(models), routing: { strategy: 'balanced' } }, found };
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
