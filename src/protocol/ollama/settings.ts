import type { ChatRequest } from '../chat.ts';
import { count, given, isObject, number, strings, unknownFields, type JsonObject } from '../guards.ts';
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

/** Settings that both paths of this wire have. */
export function settingsOf(body: JsonObject) {
  const options = isObject(body['options']) ? body['options'] : {};
  return {
    maxOutputTokens: outputLimit(body),
    temperature: number(options['temperature']),
    topP: number(options['top_p']),
    topK: count(options['top_k']),
    presencePenalty: number(options['presence_penalty']),
    frequencyPenalty: number(options['frequency_penalty']),
    stop: strings(options['stop']),
    seed: count(options['seed']),
    logprobs: body['logprobs'] === true ? (count(body['top_logprobs']) ?? 0) : undefined,
    responseFormat: formatOf(body['format']),
    reasoning: reasoningOf(body['think']),
  };
}

/** Whether a value asks for something: clients in Go send their empty fields too. */
function asks(value: unknown): boolean {
  return value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** Paths of what the body says and the neutral request cannot; `known` are the path's own fields. */
export function unknownOf(body: JsonObject, known: ReadonlySet<string>): readonly string[] | undefined {
  const { format, think, options } = body;
  const paths = [
    ...unknownFields(body, known).filter((name) => asks(body[name]) && !(name === 'raw' && body[name] === false)),
    ...(isObject(options) ? unknownFields(options, OPTIONS).map((name) => `options.${name}`) : []),
    ...(typeof format === 'string' && format !== '' && format !== 'json' ? ['format'] : []),
    ...(typeof think === 'string' && think !== '' && effortOf(think) === undefined ? ['think'] : []),
  ];
  return paths.length === 0 ? undefined : paths;
}
