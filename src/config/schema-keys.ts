import { z } from 'zod';
import { configSchema } from './schema.ts';

function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

function below(schema: unknown, part: string | number): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return new Map<string, unknown>(Object.entries(inner.shape)).get(String(part));
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodArray) return inner.element;
  return undefined;
}

/** The keys that the configuration's schema has at a path; none where it has no fixed ones. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  const found = unwrap(path.reduce<unknown>(below, configSchema));
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}
