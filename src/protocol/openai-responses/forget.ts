import { isObject, text, type JsonObject } from '../guards.ts';
import { holdsState } from './holds-state.ts';
import { isOwnReasoning } from './item-id.ts';
import type { FieldEdit } from '../patch.ts';
import { typeOf } from './turns.ts';

const isReasoning = (item: unknown): item is JsonObject => isObject(item) && typeOf(item) === 'reasoning';

function inputOf(body: unknown): readonly unknown[] | undefined {
  const input = isObject(body) && !holdsState(body) ? body['input'] : undefined;
  return Array.isArray(input) ? input : undefined;
}

/** The item without its id: one that a provider knows must not stand without the thoughts that were before it. */
function nameless(item: unknown): unknown {
  if (!isObject(item)) return item;
  const { id: _id, ...rest } = item;
  return rest;
}

/** The input without reasoning: its proofs hold for the model that made them. */
export function forgetReasoning(body: unknown): readonly FieldEdit[] | undefined {
  const input = inputOf(body);
  if (input?.some(isReasoning) !== true) return undefined;
  return [{ field: 'input', value: input.filter((item) => !isReasoning(item)).map(nameless) }];
}

/** The input without the reasoning that was translated into this dialect: providers look for it and refuse the request. */
export function disownReasoning(body: unknown): readonly FieldEdit[] | undefined {
  const input = inputOf(body);
  const isOwn = (item: unknown): boolean => isReasoning(item) && isOwnReasoning(text(item['id']) ?? '');
  return input?.some(isOwn) === true ? [{ field: 'input', value: input.filter((item) => !isOwn(item)) }] : undefined;
}
