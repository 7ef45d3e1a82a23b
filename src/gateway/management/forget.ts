import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { nameOf } from '../../flow/names.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare, json } from './respond.ts';

/** A name of which nothing is left would mean everybody. */
const name = z
  .string()
  .max(500)
  .refine((text) => nameOf(text) !== undefined, 'needs a name')
  .optional();

const whose = z
  .strictObject({
    key: name.openapi({ description: 'Name of the caller’s key' }),
    session: name,
    user: name.openapi({ description: 'The end user: x-signalbox-user' }),
    before: z
      .union([z.iso.datetime({ offset: true }), z.int().min(0)])
      .optional()
      .openapi({ description: 'Older than this: ISO time or epoch milliseconds' }),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'needs key, session, user or before; of several, requests that all of them say',
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .openapi('Forget');

const forgotten = z
  .object({
    requests: z.int().openapi({ description: 'That lost names, signals and what failed calls said' }),
    prompts: z.int(),
    feedback: z.int().openapi({ description: 'Scores that lost their comment or the session’s name' }),
  })
  .openapi('Forgotten');

const forget = declare({
  method: 'post',
  path: '/router/v1/forget',
  summary:
    'Forgets prompts, signals, comments, names of sessions and end users; money stays. Needs an administrator’s key; doing it again changes nothing',
  request: { body: { required: true, content: { 'application/json': { schema: whose } } } },
  responses: { 200: json(forgotten, 'What was forgotten now') },
});

/** Forgetting on demand. */
export function mountForget(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  const { forgetting, runtime } = context.engine;
  app.openapi(forget, async (c) => {
    const { before, key, ...names } = c.req.valid('json');
    const done = await forgetting.forget({
      key,
      session: nameOf(names.session),
      user: nameOf(names.user),
      before: typeof before === 'string' ? Date.parse(before) : before,
    });
    // Whose they were is not written down anew.
    runtime.log.info({ ...done, by: c.env.admitted.identity.id }, 'requests were forgotten');
    return c.json({ ...done }, 200);
  });
}
