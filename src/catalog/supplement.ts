import type { Capability } from './model.ts';
import { wildcard, type Wildcard } from './wildcard.ts';

/** When the rows below were written down (ISO date). */
export const SUPPLEMENT_DATE = '2026-11-23';

/**
 * What the price data lack: output limits and capabilities, and a few windows. From the makers' own documentation:
 * OpenAI's and Google's model pages, Anthropic's model overview, DeepSeek's and Mistral's model lists, and the model
 * cards of open weights, whose window is what the weights allow; a host may serve less.
 *
 * A row that states capabilities states all of them: what is missing keeps a request away. What is not certain is
 * left out and stays unknown.
 */
interface Row {
  /** `*` matches any run; dots and dashes are the same. The most literal pattern wins. */
  readonly names: readonly string[];
  /** Tokens. */
  readonly contextWindow?: number;
  /** Tokens. */
  readonly maxOutput?: number;
  readonly capabilities?: readonly Capability[];
}

const OMNI = ['tools', 'vision', 'json', 'files'] as const;
const THINKING_OMNI = ['tools', 'vision', 'json', 'files', 'reasoning'] as const;
const CLAUDE = ['tools', 'vision', 'files'] as const;
const GEMINI = ['tools', 'vision', 'audio', 'json', 'files'] as const;
const TEXT = ['tools', 'json'] as const;
const THINKING_TEXT = ['tools', 'json', 'reasoning'] as const;

const OPENAI: readonly Row[] = [
  {
    names: ['gpt-3.5-turbo', 'gpt-3.5-turbo-0125', 'gpt-3.5-turbo-1106'],
    contextWindow: 16_385,
    maxOutput: 4096,
    capabilities: TEXT,
  },
  { names: ['gpt-4', 'gpt-4-0613'], contextWindow: 8192, maxOutput: 8192, capabilities: ['tools'] },
  {
    names: ['gpt-4-1106-preview', 'gpt-4-0125-preview', 'gpt-4-turbo-preview'],
    contextWindow: 128_000,
    maxOutput: 4096,
    capabilities: TEXT,
  },
  {
    names: ['gpt-4-turbo', 'gpt-4-turbo-2024-04-09'],
    contextWindow: 128_000,
    maxOutput: 4096,
    capabilities: ['tools', 'vision', 'json'],
  },
  {
    names: ['gpt-4o', 'gpt-4o-20*', 'gpt-4o-mini', 'gpt-4o-mini-20*'],
    contextWindow: 128_000,
    maxOutput: 16_384,
    capabilities: OMNI,
  },
  { names: ['gpt-4o-2024-05-13'], contextWindow: 128_000, maxOutput: 4096, capabilities: OMNI },
  {
    names: ['gpt-4o-audio-preview*', 'gpt-4o-mini-audio-preview*'],
    contextWindow: 128_000,
    maxOutput: 16_384,
    capabilities: ['tools', 'audio'],
  },
  {
    names: ['gpt-4.1', 'gpt-4.1-20*', 'gpt-4.1-mini*', 'gpt-4.1-nano*'],
    contextWindow: 1_047_576,
    maxOutput: 32_768,
    capabilities: OMNI,
  },
  { names: ['gpt-4.5-preview*'], contextWindow: 128_000, maxOutput: 16_384, capabilities: OMNI },
  { names: ['o1-preview*'], contextWindow: 128_000, maxOutput: 32_768, capabilities: ['reasoning'] },
  { names: ['o1-mini*'], contextWindow: 128_000, maxOutput: 65_536, capabilities: ['reasoning'] },
  { names: ['o3-mini*'], contextWindow: 200_000, maxOutput: 100_000, capabilities: THINKING_TEXT },
  {
    names: ['o1', 'o1-20*', 'o3', 'o3-20*', 'o4-mini', 'o4-mini-20*'],
    contextWindow: 200_000,
    maxOutput: 100_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: ['gpt-5', 'gpt-5-20*', 'gpt-5-mini*', 'gpt-5-nano*', 'gpt-5-codex*'],
    contextWindow: 400_000,
    maxOutput: 128_000,
    capabilities: THINKING_OMNI,
  },
  { names: ['gpt-5-pro*'], contextWindow: 400_000, maxOutput: 272_000, capabilities: THINKING_OMNI },
  {
    names: ['gpt-5-chat-latest', 'gpt-5.1-chat-latest', 'gpt-5.2-chat-latest'],
    contextWindow: 128_000,
    maxOutput: 16_384,
  },
  {
    names: ['gpt-5.1', 'gpt-5.1-20*', 'gpt-5.1-codex*', 'gpt-5.2', 'gpt-5.2-20*', 'gpt-5.2-pro*', 'gpt-5.2-codex*'],
    contextWindow: 400_000,
    maxOutput: 128_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: ['gpt-5.4-mini', 'gpt-5.4-mini-20*'],
    contextWindow: 400_000,
    maxOutput: 128_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: ['gpt-5.4', 'gpt-5.4-20*', 'gpt-5.6-sol', 'gpt-5.6-sol-20*'],
    contextWindow: 1_050_000,
    maxOutput: 128_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: ['gpt-oss-20b*', 'gpt-oss-120b*', 'gpt-oss:20b*', 'gpt-oss:120b*'],
    contextWindow: 131_072,
    capabilities: THINKING_TEXT,
  },
  {
    names: ['text-embedding-3-small', 'text-embedding-3-large', 'text-embedding-ada-002'],
    contextWindow: 8192,
    capabilities: ['embeddings'],
  },
];

const ANTHROPIC: readonly Row[] = [
  {
    names: ['claude-3-haiku*', 'claude-3-sonnet*', 'claude-3-opus*'],
    contextWindow: 200_000,
    maxOutput: 4096,
    capabilities: ['tools', 'vision'],
  },
  { names: ['claude-3-5-sonnet*', 'claude-3-5-haiku*'], contextWindow: 200_000, maxOutput: 8192, capabilities: CLAUDE },
  { names: ['claude-3-7-sonnet*'], contextWindow: 200_000, maxOutput: 64_000, capabilities: [...CLAUDE, 'reasoning'] },
  {
    names: ['claude-sonnet-4', 'claude-sonnet-4-0', 'claude-sonnet-4-20*', 'claude-4-sonnet*'],
    contextWindow: 200_000,
    maxOutput: 64_000,
    capabilities: [...CLAUDE, 'reasoning'],
  },
  {
    names: ['claude-opus-4', 'claude-opus-4-0', 'claude-opus-4-20*', 'claude-4-opus*'],
    contextWindow: 200_000,
    maxOutput: 32_000,
    capabilities: [...CLAUDE, 'reasoning'],
  },
  {
    names: ['claude-opus-4-1', 'claude-opus-4-1-20*'],
    contextWindow: 200_000,
    maxOutput: 32_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: ['claude-sonnet-4-5*', 'claude-haiku-4-5*', 'claude-opus-4-5*'],
    contextWindow: 200_000,
    maxOutput: 64_000,
    capabilities: THINKING_OMNI,
  },
  {
    names: [
      'claude-opus-4-6*',
      'claude-sonnet-4-6*',
      'claude-opus-5',
      'claude-opus-5-5',
      'claude-sonnet-5',
      'claude-fable-5-1',
    ],
    contextWindow: 1_000_000,
    maxOutput: 128_000,
    capabilities: THINKING_OMNI,
  },
];

const GOOGLE: readonly Row[] = [
  { names: ['gemini-1.5-flash*'], contextWindow: 1_048_576, maxOutput: 8192, capabilities: GEMINI },
  { names: ['gemini-1.5-pro*'], contextWindow: 2_097_152, maxOutput: 8192, capabilities: GEMINI },
  {
    names: ['gemini-2.0-flash', 'gemini-2.0-flash-001', 'gemini-2.0-flash-lite*'],
    contextWindow: 1_048_576,
    maxOutput: 8192,
    capabilities: GEMINI,
  },
  {
    names: [
      'gemini-2.5-pro',
      'gemini-2.5-flash',
      'gemini-2.5-flash-lite',
      'gemini-3-pro-preview',
      'gemini-3-flash-preview',
    ],
    contextWindow: 1_048_576,
    maxOutput: 65_536,
    capabilities: [...GEMINI, 'reasoning'],
  },
];

const OPEN_WEIGHTS: readonly Row[] = [
  {
    names: [
      'llama3-8b-8192',
      'llama3-70b-8192',
      'llama-3-8b*',
      'llama-3-70b*',
      'meta-llama-3-8b*',
      'meta-llama-3-70b*',
    ],
    contextWindow: 8192,
  },
  {
    names: ['llama-3.1-8b*', 'llama-3.1-70b*', 'llama-3.1-405b*', 'meta-llama-3.1-*', 'llama3.1', 'llama3.1:*'],
    contextWindow: 131_072,
    capabilities: TEXT,
  },
  { names: ['llama-3.2-1b*', 'llama-3.2-3b*', 'llama3.2', 'llama3.2:*'], contextWindow: 131_072, capabilities: TEXT },
  {
    names: ['llama-3.2-11b-vision*', 'llama-3.2-90b-vision*', 'llama3.2-vision*'],
    contextWindow: 131_072,
    capabilities: ['tools', 'vision', 'json'],
  },
  { names: ['llama-3.3-70b*', 'llama3.3', 'llama3.3:*'], contextWindow: 131_072, capabilities: TEXT },
  { names: ['llama-4-scout*', 'llama-4-maverick*', 'llama4', 'llama4:*'], capabilities: ['tools', 'vision', 'json'] },
  {
    names: [
      'qwen2.5-7b*',
      'qwen2.5-14b*',
      'qwen2.5-32b*',
      'qwen2.5-72b*',
      'qwen-2.5-7b*',
      'qwen-2.5-72b*',
      'qwen2.5:7b*',
      'qwen2.5:14b*',
      'qwen2.5:32b*',
      'qwen2.5:72b*',
      'qwen2.5-coder*',
      'qwen-2.5-coder*',
    ],
    contextWindow: 131_072,
    capabilities: TEXT,
  },
  {
    names: ['qwen3-0.6b*', 'qwen3-1.7b*', 'qwen3-4b', 'qwen3:0.6b*', 'qwen3:1.7b*'],
    contextWindow: 32_768,
    capabilities: THINKING_TEXT,
  },
  {
    names: [
      'qwen3-8b*',
      'qwen3-14b*',
      'qwen3-32b*',
      'qwen3-30b-a3b',
      'qwen3-235b-a22b',
      'qwen3:8b*',
      'qwen3:14b*',
      'qwen3:32b*',
    ],
    contextWindow: 131_072,
    capabilities: THINKING_TEXT,
  },
  { names: ['qwen3-coder*'], capabilities: TEXT },
  { names: ['qwq-32b', 'qwq', 'qwq:*'], contextWindow: 131_072, capabilities: THINKING_TEXT },
  { names: ['deepseek-chat', 'deepseek-v3*'], capabilities: TEXT },
  { names: ['deepseek-reasoner', 'deepseek-r1', 'deepseek-r1-0528', 'deepseek-r1:*'], capabilities: THINKING_TEXT },
  { names: ['mixtral-8x7b*', 'open-mixtral-8x7b'], contextWindow: 32_768 },
  { names: ['mixtral-8x22b*', 'open-mixtral-8x22b'], contextWindow: 65_536, capabilities: TEXT },
  { names: ['mistral-7b*', 'open-mistral-7b'], contextWindow: 32_768 },
  { names: ['mistral-nemo*', 'open-mistral-nemo*'], contextWindow: 131_072, capabilities: TEXT },
  { names: ['mistral-small-24b*', 'mistral-small-2501'], contextWindow: 32_768, capabilities: TEXT },
  {
    names: ['mistral-small-3.1*', 'mistral-small-3.2*', 'mistral-small-2503', 'mistral-small-2506'],
    contextWindow: 131_072,
    capabilities: ['tools', 'vision', 'json'],
  },
  { names: ['mistral-large-2407', 'mistral-large-2411'], contextWindow: 131_072, capabilities: TEXT },
  { names: ['pixtral-12b*', 'pixtral-large*'], contextWindow: 131_072, capabilities: ['tools', 'vision', 'json'] },
];

/** What the supplement says of one model. */
export type Facts = Omit<Row, 'names'>;

/** Dots and dashes are mixed freely in model names: `claude-3.5-sonnet`, `claude-3-5-sonnet-latest`. */
const normal = (name: string): string => name.toLowerCase().replaceAll('.', '-');

interface Entry {
  readonly pattern: Wildcard;
  readonly facts: Facts;
}

const ENTRIES: readonly Entry[] = [...OPENAI, ...ANTHROPIC, ...GOOGLE, ...OPEN_WEIGHTS]
  .flatMap(({ names, ...facts }) => names.map((name) => ({ pattern: wildcard(normal(name)), facts })))
  .sort((a, b) => b.pattern.literal - a.pattern.literal);

/** The facts of the row that fits a provider's name for a model best; a maker's prefix (`openai/…`) is left aside. */
export function supplementFor(name: string): Facts | undefined {
  if (name.length > 200) return undefined;
  const bare = normal(name.slice(name.lastIndexOf('/') + 1)).replace(/:free$/, '');
  return ENTRIES.find((entry) => entry.pattern.matches(bare))?.facts;
}
