/** An OpenAI-compatible host as data. */
export interface Preset {
  /** `kind` in the config. */
  readonly kind: string;
  /** Left out: the config must say it. */
  readonly baseUrl?: string;
  /** Path of chat completions after the base URL; `{model}` is the upstream's model name. */
  readonly chatPath?: string;
  /** How the key travels; `none` sends no key unless one is configured, then as a bearer token. */
  readonly auth?: 'bearer' | 'api-key' | 'none';
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
  { kind: 'openai', baseUrl: 'https://api.openai.com/v1', keyEnv: 'OPENAI_API_KEY', streamOptions: true },
  {
    kind: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyEnv: 'OPENROUTER_API_KEY',
    streamOptions: true,
    headers: { 'x-title': 'Signalbox' },
  },
  {
    kind: 'azure',
    chatPath: '/openai/deployments/{model}/chat/completions',
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
    chatPath: '/v1/chat/completions',
    auth: 'none',
    streamOptions: true,
    local: true,
  },
];

const BY_KIND = new Map(PRESETS.map((preset) => [preset.kind, preset]));

/** The row of a kind; undefined for kinds that are not OpenAI-compatible hosts. */
export function presetOf(kind: string): Preset | undefined {
  return BY_KIND.get(kind);
}
