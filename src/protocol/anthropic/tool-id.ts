import { createHash } from 'node:crypto';

/** Anthropic takes ids of these characters only, 64 at most. */
const VALID = /^[A-Za-z0-9_-]{1,64}$/;

/** The id itself where Anthropic takes it, else one that the same id always gives: calls and results stay together. */
export function toolId(id: string): string {
  if (VALID.test(id)) return id;
  return `toolu_${createHash('sha256').update(id).digest('hex').slice(0, 24)}`;
}
