import { isObject } from '../guards.ts';

/** Keywords whose values are no schemas, whatever they look like. */
const DATA: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples']);

/** A schema as Anthropic wants it for output that must fit: every object says that it holds nothing else. */
export function closedSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closedSchema);
  if (!isObject(schema)) return schema;
  const inner = Object.entries(schema).map(([name, value]) => [name, DATA.has(name) ? value : closedSchema(value)]);
  const object = schema['type'] === 'object' && schema['additionalProperties'] === undefined;
  return { ...Object.fromEntries(inner), ...(object ? { additionalProperties: false } : {}) };
}

/** The schema of a tool's input, which is always an object's. */
export function inputSchema(schema: unknown, strict: boolean | undefined): unknown {
  const object = isObject(schema) ? { type: 'object', ...schema } : { type: 'object' };
  return strict === true ? closedSchema(object) : object;
}
