import { isObject } from '../guards.ts';

/** A function's parameters as OpenAI takes them: an object's schema, also where there are none. */
export function parametersOf(schema: unknown): object {
  if (!isObject(schema)) return { type: 'object', properties: {} };
  return schema['type'] === undefined ? { type: 'object', properties: {}, ...schema } : schema;
}
