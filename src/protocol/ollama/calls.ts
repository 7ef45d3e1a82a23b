import { isObject } from '../guards.ts';

/** A complete tool call as this wire is to say it. */
export interface SaidCall {
  readonly id: string;
  /** Counts the calls of the message from 0. */
  readonly index: number;
  readonly name: string;
  /** Arguments as JSON text. */
  readonly input: string;
}

/**
 * Arguments as the JSON text of an object on one line. The text stays as it is: parsing it would round long integers.
 * What is no object, which models write now and then, becomes the one field `arguments` of one.
 */
export function argumentsObject(input: string): string {
  if (input.trim() === '') return '{}';
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    return JSON.stringify({ arguments: input });
  }
  // Outside of strings, where JSON has none, a line break is white space.
  return isObject(value) ? input.replaceAll(/[\r\n]/g, ' ') : JSON.stringify({ arguments: value });
}

/** A list of tool calls as JSON text. Newer versions of Ollama give ids and indices, older ones read past them. */
export function callsJson(calls: readonly SaidCall[]): string {
  const items = calls.map(({ id, index, name, input }) => {
    const named = id === '' ? '' : `"id":${JSON.stringify(id)},`;
    return `{${named}"function":{"index":${index},"name":${JSON.stringify(name)},"arguments":${argumentsObject(input)}}}`;
  });
  return `[${items.join(',')}]`;
}
