import { z } from '@hono/zod-openapi';
import { budget, keyLimits, scopes } from '../../config/schema.ts';
import { duration } from '../../config/units.ts';

const at = z.number().nullable().openapi({ description: 'Epoch milliseconds' });

const grants = z.object({
  name: z.string(),
  admin: z.boolean(),
  scopes,
  models: z.array(z.string()).nullable().openapi({ description: 'The only models it may use; null: all' }),
  roles: z.array(z.string()).nullable().openapi({ description: 'The only roles it may use; null: all' }),
  limits: keyLimits.nullable(),
  budget: budget.nullable(),
  expiresAt: at,
});

export const keyRow = grants
  .extend({
    status: z.enum(['active', 'expired', 'revoked', 'hidden']).openapi({
      description: '`hidden`: the configuration has a key of the same name, which is the one in effect',
    }),
    source: z
      .enum(['store', 'config', 'environment'])
      .openapi({ description: 'Only keys of the store can be changed here' }),
    createdAt: at,
    rotatedAt: at,
    previousUntil: at.openapi({ description: 'Until when the secret before the last rotation is taken' }),
    revokedAt: at,
    lastUsedAt: at.openapi({ description: 'When its latest request came that is in the ledger' }),
  })
  .openapi('Key');

export const issuedKey = keyRow
  .extend({ key: z.string().openapi({ description: 'The key itself: shown now and never again' }) })
  .openapi('IssuedKey');

export const ownKey = grants
  .omit({ expiresAt: true })
  .extend({
    name: z.string().nullable().openapi({ description: 'null: this machine, which needs no key' }),
    by: z.enum(['key', 'login', 'none']).openapi({ description: 'What the caller was let in by' }),
  })
  .openapi('OwnKey');

export const rotation = z.strictObject({ grace: duration.prefault('0s') }).openapi('Rotation', {
  description: '`grace`: how long the old secret is still taken, such as `10m`; left out: not at all',
});
