import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { issueKey, revokeKey, rotateKey } from '../../access/issue.ts';
import { checkedKey, keyInput } from '../../access/key-input.ts';
import { grantsOf, keyRows, storedRow } from '../../access/key-row.ts';
import { SignalboxError } from '../../errors.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { issuedKey, keyRow, ownKey, rotation } from './key-schemas.ts';
import { knownQuery } from './known-query.ts';
import { declare, json } from './respond.ts';
import { PAGE } from './schemas.ts';

const list = declare({
  method: 'get',
  path: '/router/v1/keys',
  summary: 'Keys by name, revoked ones included; needs an administrator’s key, as all of keys does',
  request: { query: knownQuery(PAGE) },
  responses: { 200: json(z.object({ data: z.array(keyRow), next: z.string().nullable() }), 'A page') },
});

const create = declare({
  method: 'post',
  path: '/router/v1/keys',
  summary: 'Makes a key and tells it once',
  request: { body: { required: true, content: { 'application/json': { schema: keyInput } } } },
  responses: { 201: json(issuedKey, 'The key') },
});

const params = z.object({ name: z.string().max(200) });

const revoke = declare({
  method: 'delete',
  path: '/router/v1/keys/{name}',
  summary: 'Revokes a key for good',
  request: { params },
  responses: { 200: json(keyRow, 'The key as it is now') },
});

const rotate = declare({
  method: 'post',
  path: '/router/v1/keys/{name}/rotate',
  summary: 'Gives a key a new secret, tells it once, and takes the old one for a time of grace',
  request: { params, body: { required: false, content: { 'application/json': { schema: rotation } } } },
  responses: { 200: json(issuedKey, 'The key') },
});

const own = declare({
  method: 'get',
  path: '/router/v1/key',
  summary: 'The key that asks: what it allows',
  responses: { 200: json(ownKey, 'The key') },
});

const SECRET = { 'cache-control': 'no-store' };

/** Keys in the store: shown, made, revoked, rotated. */
export function mountKeys(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  const { engine, access } = context;
  const { clock, log } = engine.runtime;
  const { keys } = access;
  const change = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work;
    await keys.changed();
    return done;
  };
  const rules = () => ({ now: clock.now(), taken: keys.taken });

  app.openapi(own, (c) => {
    const { identity, by } = c.env.admitted;
    return c.json({ ...grantsOf(identity), name: identity.id, by }, 200);
  });
  app.openapi(list, async (c) => {
    const { after, limit } = c.req.valid('query');
    await keys.refresh();
    if (!keys.certain) throw new SignalboxError('keys_unavailable', undefined, { retryAfter: 5 });
    const data = await keyRows(keys, { now: clock.now(), after, limit });
    const last = new Set(data.map(({ name }) => name));
    return c.json({ data, next: last.size < limit ? null : (data.at(-1)?.name ?? null) }, 200);
  });
  app.openapi(create, async (c) => {
    const { config } = engine.snapshot();
    const wanted = checkedKey(c.req.valid('json'), config, clock.now());
    const { key, stored } = await change(issueKey(keys.store, wanted, rules()));
    log.info({ key: stored.name, by: c.env.admitted.identity.id, admin: stored.admin }, 'a key was made');
    return c.json({ ...storedRow(stored, rules()), key }, 201, SECRET);
  });
  app.openapi(revoke, async (c) => {
    const stored = await change(revokeKey(keys.store, c.req.valid('param').name, rules()));
    log.info({ key: stored.name, by: c.env.admitted.identity.id }, 'a key was revoked');
    return c.json(storedRow(stored, rules()), 200);
  });
  app.openapi(rotate, async (c) => {
    // Without a body nothing is filled in.
    const wish: { readonly grace?: number } = c.req.valid('json');
    const grace = wish.grace ?? 0;
    const { key, stored } = await change(rotateKey(keys.store, c.req.valid('param').name, { ...rules(), grace }));
    log.info({ key: stored.name, by: c.env.admitted.identity.id, grace }, 'a key was rotated');
    return c.json({ ...storedRow(stored, rules()), key }, 200, SECRET);
  });
}
