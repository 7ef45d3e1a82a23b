import { createHash } from 'node:crypto';
import type { Capability } from '../../catalog/model.ts';
import { isObject, text } from '../guards.ts';

/** A model as clients of this wire may ask about it. */
export interface ListedModel {
  readonly id: string;
  /** Tokens in and out together. */
  readonly contextWindow?: number;
  readonly capabilities: Iterable<Capability>;
  /** Epoch seconds. */
  readonly createdAt: number;
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** What Ollama reads from a model's file, which nobody has here. */
const DETAILS = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
} as const;

function listed({ id, createdAt }: ListedModel) {
  return {
    name: id,
    model: id,
    modified_at: timeOf(createdAt),
    size: 0,
    // Of the name: some clients cut their short ids from it and fail on fewer characters.
    digest: createHash('sha256').update(id).digest('hex'),
    details: DETAILS,
  };
}

/** `GET /api/tags`: the models there are. */
export function tagsAnswer(models: readonly ListedModel[]) {
  return { models: models.map(listed) };
}

/** Ollama's words for what a model can do. */
const CAPABILITY_NAMES: Readonly<Partial<Record<Capability, string>>> = {
  tools: 'tools',
  vision: 'vision',
  audio: 'audio',
  reasoning: 'thinking',
};

function capabilityNames(capabilities: Iterable<Capability>): string[] {
  const all = [...capabilities];
  if (all.includes('embeddings')) return ['embedding'];
  return ['completion', ...all.map((one) => CAPABILITY_NAMES[one]).filter((name) => name !== undefined)];
}

const ARCHITECTURE = 'signalbox';

/** `POST /api/show`: what a model can do and how much it can read, under the keys that clients look for. */
export function showAnswer(model: ListedModel) {
  const { id, contextWindow, capabilities, createdAt } = model;
  return {
    modelfile: '',
    parameters: '',
    template: '',
    details: DETAILS,
    model_info: {
      'general.architecture': ARCHITECTURE,
      'general.basename': id,
      ...(contextWindow === undefined ? {} : { [`${ARCHITECTURE}.context_length`]: contextWindow }),
    },
    capabilities: capabilityNames(capabilities),
    modified_at: timeOf(createdAt),
  };
}

/** `GET /api/version`. Clients turn features on by it, so it is to be a version of Ollama. */
export function versionAnswer(version: string) {
  return { version };
}

/** `GET /api/ps`: no model is in this machine's memory. */
export function psAnswer() {
  return { models: [] };
}

/**
 * The answer to a request that asks for nothing but to have a model loaded, or unloaded with `keep_alive: 0`: there is
 * nothing to do, and such a request is a client's first. Undefined for any other request. `createdAt` in epoch seconds.
 */
export function loadAnswer(dialect: 'ollama' | 'ollama-generate', body: unknown, createdAt: number) {
  if (!isObject(body)) return undefined;
  const { model, messages, prompt, keep_alive: keepAlive } = body;
  const empty =
    dialect === 'ollama'
      ? Array.isArray(messages) && messages.length === 0
      : prompt === undefined || prompt === null || prompt === '';
  if (!empty) return undefined;
  return {
    model: text(model) ?? '',
    created_at: timeOf(createdAt),
    ...(dialect === 'ollama' ? { message: { role: 'assistant', content: '' } } : { response: '' }),
    done: true,
    done_reason: keepAlive === 0 || keepAlive === '0' ? 'unload' : 'load',
  };
}
