import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Sets whose licences let weights that were learnt from them be shipped: MIT and Apache-2.0. */
export const LEARNT_FROM = ['llmrouter_train', 'mmlu_pro_dev', 'zeroeval_crux', 'zeroeval_math_l5'] as const;

/** Sets that only judge. Nothing of them goes into a file. */
export const JUDGED_ON = [
  'routerbench_train',
  'bfcl_dev',
  'alpaca_eval',
  'livecodebench_early',
  'routerdc_train',
] as const;

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Where recorded outcomes stand. */
export const DATA = resolve(PROJECT, process.env['SIGNALBOX_DATA'] ?? '../shared/data');

export const fileOf = (set: string): string => join(DATA, `${set}.jsonl.gz`);

/** Those of `sets` that are not there. */
export function missingOf(sets: readonly string[]): string[] {
  return sets.filter((set) => !existsSync(fileOf(set)));
}

/**
 * Names that the sets learnt from give to one model, by the name that it is learnt under. Without them each set would have
 * a scale of its own. A date, a size or a tuning that differs is another model.
 */
const SAME: Readonly<Record<string, string>> = {
  'Meta-Llama-3_1-70B-Instruct': 'Meta-Llama-3.1-70B-Instruct',
  'Meta-Llama-3_1-8B-Instruct': 'Meta-Llama-3.1-8B-Instruct',
  'llama-3.1-8b-instruct': 'Meta-Llama-3.1-8B-Instruct',
  'qwen2.5-7b-instruct': 'Qwen2.5-7B-Instruct',
};

export const learntAs = (name: string): string => SAME[name] ?? name;

/**
 * Models of the judged sets that were learnt under another set's name for them, by hand and only where version and date
 * agree. `-FC` is the same model asked with its own tool calling: taken where it was not asked in plain text too.
 */
export const NAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bfcl_dev: {
    'claude-3-5-sonnet-20240620': 'claude-3-5-sonnet-20240620',
    'claude-3-haiku-20240307': 'claude-3-haiku-20240307',
    'claude-3-opus-20240229-FC': 'claude-3-opus-20240229',
    'claude-3-sonnet-20240229-FC': 'claude-3-sonnet-20240229',
    'gpt-3.5-turbo-0125': 'gpt-3.5-turbo-0125',
    'gpt-4-turbo-2024-04-09-FC': 'gpt-4-turbo-2024-04-09',
    'gpt-4o-2024-05-13-FC': 'gpt-4o-2024-05-13',
    'gpt-4o-2024-08-06-FC': 'gpt-4o-2024-08-06',
    'gpt-4o-mini-2024-07-18': 'gpt-4o-mini-2024-07-18',
    'mistral-large-2407-FC-Any': 'Mistral-Large-2',
    'open-mixtral-8x7b': 'Mixtral-8x7B-Instruct-v0.1',
  },
  livecodebench_early: {
    'Claude-3-Haiku': 'claude-3-haiku-20240307',
    'Claude-3.5-Sonnet-20240620': 'claude-3-5-sonnet-20240620',
    'Claude-3.5-Sonnet-20241022': 'claude-3-5-sonnet-20241022',
    'GPT-4-Turbo-2024-04-09': 'gpt-4-turbo-2024-04-09',
    'GPT-4O-2024-05-13': 'gpt-4o-2024-05-13',
    'GPT-4O-2024-08-06': 'gpt-4o-2024-08-06',
    'GPT-4O-mini-2024-07-18': 'gpt-4o-mini-2024-07-18',
    'Gemini-Flash-1.5-002': 'gemini-1.5-flash-002',
    'Gemini-Pro-1.5-002': 'gemini-1.5-pro-002',
    'O1-Mini-2024-09-12 (N=1)': 'o1-mini-2024-09-12',
    'O1-Preview-2024-09-12 (N=1)': 'o1-preview-2024-09-12',
  },
};
