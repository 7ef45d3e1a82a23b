import { z } from '@hono/zod-openapi';
import { nearestNames } from '../../catalog/nearest.ts';

/** Unknown names of one query that are told. */
const MOST = 3;

function inWords(unknown: readonly string[], known: readonly string[]): string {
  const told = unknown.slice(0, MOST).map((name) => {
    const [near] = nearestNames(name, known);
    const advice = near === undefined ? `it takes ${known.join(', ')}` : `did you mean "${near}"?`;
    return `there is no "${name.slice(0, 40)}"; ${advice}`;
  });
  return told.join(' ');
}

/** A query of these names alone: a misspelt filter must not let everything through. */
export function knownQuery<const Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? inWords(issue.keys, known) : undefined),
  });
}
