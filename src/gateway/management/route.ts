import type { OpenAPIHono } from '@hono/zod-openapi';
import { explainRoute } from '../../flow/explain.ts';
import { nameOf } from '../../flow/names.ts';
import { callerKeyOf } from '../caller-key.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare, json } from './respond.ts';
import { routeAnswer, routeBody } from './schemas.ts';

const decideOnly = declare({
  method: 'post',
  path: '/router/v1/route',
  summary: 'Decides and explains; calls no model but a configured embedder',
  request: { body: { required: true, content: { 'application/json': { schema: routeBody } } } },
  responses: { 200: json(routeAnswer, 'The decision') },
});

/** Routing without an answer. */
export function mountRoute(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  app.openapi(decideOnly, async (c) => {
    const { strategy, role, session: named, ...body } = c.req.valid('json');
    const session = nameOf(named);
    const { admitted } = c.env;
    const { models, roles } = admitted.identity;
    const snapshot = context.engine.snapshot();
    const explained = await explainRoute(
      {
        dialect: 'openai-chat',
        parsed: body,
        wishes: {
          model: body.model,
          headerRole: role,
          strategy,
          keyModels: models,
          keyRoles: roles,
        },
        session,
        key: admitted.identity.id ?? undefined,
        ...callerKeyOf(context, admitted.header, snapshot),
        keyBudget: admitted.identity.budget,
      },
      snapshot,
      context.engine.runtime,
      admitted.id,
    );
    return c.json(routeAnswer.parse(explained), 200);
  });
}
