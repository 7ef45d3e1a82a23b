import type { ChatRequest } from '../chat.ts';
import { count, fieldReader, given, isObject, number, strings, unknownFields, type JsonObject } from '../guards.ts';
import { effortOf } from '../reasoning-effort.ts';
import { outputLimit } from './view.ts';

/** Options that the neutral request has words for; `num_ctx` is set anew wherever a request is written. */
const OPTIONS: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'num_predict',
  'num_ctx',
  'presence_penalty',
  'frequency_penalty',
]);

function formatOf(format: unknown): ChatRequest['responseFormat'] {
  if (format === 'json') return { type: 'json' };
  return isObject(format) ? { type: 'json', schema: format } : undefined;
}

function reasoningOf(think: unknown): ChatRequest['reasoning'] {
  if (think === false) return { effort: 'none' };
  if (think !== true && (typeof think !== 'string' || think === '')) return undefined;
  return given({ effort: effortOf(think) });
}

/** Whether a value asks for something: clients in Go send their empty fields too. */
export function asks(value: unknown): boolean {
  return value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** Paths of what the body says and the neutral request cannot; `known` are the path's own fields. */
function unknownOf(body: JsonObject, known: ReadonlySet<string>): readonly string[] {
  const { format, think, options } = body;
  return [
    ...unknownFields(body, known).filter((name) => asks(body[name]) && !(name === 'raw' && body[name] === false)),
    ...(isObject(options) ? unknownFields(options, OPTIONS).map((name) => `options.${name}`) : []),
    ...(typeof format === 'string' && format !== '' && format !== 'json' ? ['format'] : []),
    ...(typeof think === 'string' && think !== '' && effortOf(think) === undefined ? ['think'] : []),
  ];
}

/**
 * Settings that both paths of this wire have, and what the neutral request cannot say; `known` are the path's own fields,
 * `others` what was found of that before.
 */
export function settingsOf(body: JsonObject, known: ReadonlySet<string>, others: readonly string[] = []) {
  const lost = new Set([...unknownOf(body, known), ...others]);
  const option = fieldReader(isObject(body['options']) ? body['options'] : {}, lost, 'options.');
  // A translated answer has no place for them.
  if (body['logprobs'] === true) lost.add('logprobs');
  const settings = {
    maxOutputTokens: outputLimit(body),
    temperature: option('temperature', number),
    topP: option('top_p', number),
    topK: option('top_k', count),
    presencePenalty: option('presence_penalty', number),
    frequencyPenalty: option('frequency_penalty', number),
    stop: option('stop', strings),
    seed: option('seed', number),
    responseFormat: formatOf(body['format']),
    reasoning: reasoningOf(body['think']),
  };
  return { ...settings, unknown: lost.size === 0 ? undefined : [...lost] };
}
