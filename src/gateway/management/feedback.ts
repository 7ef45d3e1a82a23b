import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { SignalboxError } from '../../errors.ts';
import { commentOf, nameOf } from '../../flow/names.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare, json } from './respond.ts';
import { feedbackBody } from './schemas.ts';
import { checkSession, findEntry, scopeOf } from './scope.ts';

const give = declare({
  method: 'post',
  path: '/router/v1/feedback',
  summary: 'Scores an earlier decision or a session: stored, not yet learnt from',
  request: { body: { required: true, content: { 'application/json': { schema: feedbackBody } } } },
  responses: { 202: json(z.object({ id: z.string(), status: z.literal('stored') }), 'Written to the journal') },
});

/** Feedback on decisions and sessions. */
export function mountFeedback(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  app.openapi(give, async (c) => {
    const { decisionId, score, ...said } = c.req.valid('json');
    const session = nameOf(said.session);
    const comment = commentOf(said.comment);
    if (decisionId === undefined && session === undefined) {
      throw new SignalboxError('invalid_request', 'session: expected a name', { param: 'session' });
    }
    const { runtime } = context.engine;
    // A decision that was only asked for has no request.
    if (decisionId !== undefined && !(await runtime.recent.onlyDecided(decisionId, scopeOf(c.env)))) {
      await findEntry(context, c.env, decisionId);
    }
    if (session !== undefined) await checkSession(context, c.env, session);
    const id = runtime.newId();
    const { identity } = c.env.admitted;
    runtime.journal.score({
      kind: 'feedback',
      id,
      at: runtime.clock.now(),
      score,
      ...(decisionId === undefined ? {} : { decisionId }),
      ...(session === undefined ? {} : { session }),
      ...(comment === undefined ? {} : { comment }),
      ...(identity.id === null ? {} : { key: identity.id }),
    });
    return c.json({ id, status: 'stored' as const }, 202);
  });
}
