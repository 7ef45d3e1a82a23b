import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { replay } from '../../decide/replay.ts';
import { activityOf } from '../../flow/activity.ts';
import { toldDecision } from '../../flow/told.ts';
import { usdOf } from '../../ledger/money.ts';
import type { Outcome } from '../../ledger/record.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { knownQuery } from './known-query.ts';
import { declare, json } from './respond.ts';
import { activitySchema, decisionSchema, PAGE } from './schemas.ts';
import { findEntry, scopeOf } from './scope.ts';

const list = declare({
  method: 'get',
  path: '/router/v1/decisions',
  summary: 'The latest requests, newest first',
  request: {
    query: knownQuery({
      ...PAGE,
      model: z.string().optional(),
      role: z.string().optional(),
      session: z.string().optional(),
      status: z.enum(['ok', 'failed', 'cancelled', 'interrupted']).optional(),
    }),
  },
  responses: { 200: json(z.object({ data: z.array(activitySchema), next: z.string().nullable() }), 'A page') },
});

const params = z.object({ id: z.string().max(64) });

const requestSchema = z.object({
  id: z.string(),
  request: z.object({}).loose(),
  decision: decisionSchema,
  outcome: z.object({}).loose().nullable(),
  prompt: z
    .object({ features: z.boolean(), body: z.string().nullable(), cut: z.boolean() })
    .nullable()
    .openapi({ description: 'What is kept of it; shown to administrators' }),
  feedback: z.array(z.object({}).loose()),
});

const show = declare({
  method: 'get',
  path: '/router/v1/decisions/{id}',
  summary: 'One request: the decision in full, every attempt, the cost, the feedback',
  request: { params },
  responses: {
    200: json(requestSchema, 'The request'),
  },
});

const again = declare({
  method: 'get',
  path: '/router/v1/decisions/{id}/replay',
  summary: 'Makes the recorded choice again from its recorded estimates',
  request: { params },
  responses: {
    200: json(
      z.object({
        decisionId: z.string(),
        recorded: z.string(),
        chosen: z.string(),
        same: z.boolean(),
        reason: z.string(),
      }),
      'What choosing again gave',
    ),
  },
});

function outcomeJson(outcome: Outcome) {
  const { cost, baselineCost, attempts, ...rest } = outcome;
  return {
    ...rest,
    costUsd: usdOf(cost),
    baselineCostUsd: usdOf(baselineCost),
    attempts: attempts.map(({ cost: own, ...attempt }) => ({ ...attempt, costUsd: usdOf(own) })),
  };
}

/** Requests and their decisions: the list, one in full, and its replay. */
export function mountDecisions(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  app.openapi(list, async (c) => {
    const { after, limit, ...filter } = c.req.valid('query');
    const key = scopeOf(c.env);
    const given = Object.fromEntries(
      Object.entries({ after, key, ...filter }).filter(([, value]) => value !== undefined),
    );
    const entries = await context.engine.ledger.store.entries({ limit, ...given });
    const data = entries.map((entry) => activityOf(entry.intent, entry.outcome, entry.feedback));
    return c.json(
      {
        data: data.map((row) => ({ ...row })),
        next: entries.length < limit ? null : (entries.at(-1)?.intent.id ?? null),
      },
      200,
    );
  });
  app.openapi(show, async (c) => {
    const { intent, outcome, feedback } = await findEntry(context, c.env, c.req.valid('param').id);
    const { id, request, decision } = intent;
    const { store } = context.engine.ledger;
    const [kept] = scopeOf(c.env) === undefined ? await store.prompts({ ids: [id], limit: 1 }) : [];
    const { features, body = null, cut = false } = kept ?? {};
    const found = {
      id,
      request: { ...request, at: intent.at, reserveUsd: usdOf(intent.reserve) },
      decision: scopeOf(c.env) === undefined ? decision : toldDecision(decision),
      outcome: outcome === undefined ? null : outcomeJson(outcome),
      prompt: kept === undefined ? null : { features: features !== undefined, body, cut },
      feedback,
    };
    return c.json(requestSchema.parse(found), 200);
  });
  app.openapi(again, async (c) => {
    const { intent } = await findEntry(context, c.env, c.req.valid('param').id);
    return c.json(replay(intent.decision), 200);
  });
}
