import type { Dialect } from '../protocol/chat.ts';

/** Where a host serves the dialects that it speaks, after its base URL; `{model}` is the upstream's model name. */
export type DialectPaths = Partial<Record<Dialect, string>>;

/** A host as data. */
export interface Preset {
  /** `kind` in the config. */
  readonly kind: string;
  /** Left out: the config must say it. */
  readonly baseUrl?: string;
  /** The dialects that it speaks, its own first. Left out: chat completions and embeddings. */
  readonly paths?: DialectPaths;
  /** What stands between its base URL and a path of OpenAI's API that nothing here reads, without and with a model; left out: nothing. */
  readonly rawBase?: { readonly plain: string; readonly ofModel?: string };
  /** Path of its list of models. */
  readonly modelsPath?: string;
  /** How the key travels; `none` sends no key unless one is configured, then as a bearer token. */
  readonly auth?: 'bearer' | 'api-key' | 'x-api-key' | 'none';
  /** Goes on with an assistant's message at the end of a request. */
  readonly prefill?: boolean;
  /** The environment variable that usually holds the key, for advice. */
  readonly keyEnv?: string;
  /** Takes `stream_options: {include_usage}`. */
  readonly streamOptions: boolean;
  /** Runs on the user's own machines: models load slowly. */
  readonly local?: boolean;
  /** Headers that the host asks applications to send. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends `api-version` as a query parameter. */
  readonly apiVersion?: string;
}

/** One row per host. */
export const PRESETS: readonly Preset[] = [
  {
    kind: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    paths: {
      'openai-chat': '/chat/completions',
      'openai-responses': '/responses',
      'openai-embeddings': '/embeddings',
    },
    keyEnv: 'OPENAI_API_KEY',
    streamOptions: true,
  },
  {
    kind: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    paths: { anthropic: '/messages' },
    auth: 'x-api-key',
    keyEnv: 'ANTHROPIC_API_KEY',
    streamOptions: false,
    headers: { 'anthropic-version': '2023-06-01' },
    prefill: true,
  },
  {
    kind: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyEnv: 'OPENROUTER_API_KEY',
    streamOptions: true,
    headers: { 'x-title': 'Signalbox' },
    prefill: true,
  },
  {
    kind: 'azure',
    paths: {
      'openai-chat': '/openai/deployments/{model}/chat/completions',
      'openai-embeddings': '/openai/deployments/{model}/embeddings',
    },
    rawBase: { plain: '/openai', ofModel: '/openai/deployments/{model}' },
    modelsPath: '/openai/models',
    auth: 'api-key',
    keyEnv: 'AZURE_OPENAI_API_KEY',
    streamOptions: true,
    apiVersion: '2024-10-21',
  },
  { kind: 'groq', baseUrl: 'https://api.groq.com/openai/v1', keyEnv: 'GROQ_API_KEY', streamOptions: true },
  { kind: 'together', baseUrl: 'https://api.together.xyz/v1', keyEnv: 'TOGETHER_API_KEY', streamOptions: true },
  { kind: 'deepseek', baseUrl: 'https://api.deepseek.com/v1', keyEnv: 'DEEPSEEK_API_KEY', streamOptions: true },
  { kind: 'mistral', baseUrl: 'https://api.mistral.ai/v1', keyEnv: 'MISTRAL_API_KEY', streamOptions: false },
  { kind: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1', auth: 'none', streamOptions: true, local: true },
  { kind: 'lmstudio', baseUrl: 'http://127.0.0.1:1234/v1', auth: 'none', streamOptions: true, local: true },
  {
    kind: 'ollama',
    baseUrl: 'http://127.0.0.1:11434',
    // Its chat completions have no word for the size of the context, and cut off what does not fit its small default.
    paths: { ollama: '/api/chat', 'openai-embeddings': '/v1/embeddings' },
    rawBase: { plain: '/v1' },
    modelsPath: '/v1/models',
    auth: 'none',
    streamOptions: false,
    local: true,
    prefill: true,
  },
];

const BY_KIND = new Map(PRESETS.map((preset) => [preset.kind, preset]));

const CHAT_COMPLETIONS: DialectPaths = { 'openai-chat': '/chat/completions', 'openai-embeddings': '/embeddings' };

/** Where a host serves its dialects. */
export function pathsOf({ paths = CHAT_COMPLETIONS }: Preset): DialectPaths {
  return paths;
}

const DIALECTS: ReadonlySet<string> = new Set<Dialect>([
  'openai-chat',
  'openai-responses',
  'anthropic',
  'ollama',
  'openai-embeddings',
]);
const isDialect = (name: string): name is Dialect => DIALECTS.has(name);

/** The dialects that a host speaks, its own first. */
export function dialectsOf(preset: Preset): readonly Dialect[] {
  return Object.keys(pathsOf(preset)).filter(isDialect);
}

/** The row of a kind; undefined for kinds that are not hosts. */
export function presetOf(kind: string): Preset | undefined {
  return BY_KIND.get(kind);
}
