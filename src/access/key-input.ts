import { z } from 'zod';
import { pathText } from '../config/problem.ts';
import { keyProblems } from '../config/references.ts';
import { budget, keyLimits, scopes, SCOPES, type Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { KeyGrants } from './identity.ts';
import { isKeyName, KEY_NAME_FORM } from './key-form.ts';

const names = z.array(z.string().min(1).max(200)).min(1);

/** What a new key is asked for with. */
export const keyInput = z.strictObject({
  name: z.string().refine(isKeyName, KEY_NAME_FORM),
  /** May see everyone's requests, and manage. */
  admin: z.boolean().default(false),
  scopes: scopes.default([...SCOPES]),
  /** The only models it may use; left out: all. */
  models: names.optional(),
  roles: names.optional(),
  limits: keyLimits.optional(),
  budget: budget.optional(),
  /** ISO time after which it is refused; left out: never. */
  expires: z.iso.datetime({ offset: true }).optional(),
});

export type KeyInput = z.output<typeof keyInput>;

/** What a new key allows, and until when. */
export interface NewKey extends KeyGrants {
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/**
 * Checks what a schema cannot see: models, roles and zone are there, the time lies ahead.
 * @throws `invalid_request`
 */
export function checkedKey(input: KeyInput, config: Pick<Config, 'models' | 'roles'>, now: number): NewKey {
  const [problem] = keyProblems(config, input);
  if (problem !== undefined) {
    const param = pathText(problem.path);
    throw new SignalboxError('invalid_request', `${param}: ${problem.message}`, { param });
  }
  const { expires, ...grants } = input;
  if (expires === undefined) return grants;
  const expiresAt = Date.parse(expires);
  if (expiresAt > now) return { ...grants, expiresAt };
  throw new SignalboxError('invalid_request', `expires: ${expires} is over already`, { param: 'expires' });
}
