import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Level } from '../../access/budgets.ts';
import { roundedUsd } from '../../rounded.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare, json } from './respond.ts';

const row = z.object({
  /** Whose it is. */
  budget: z.string(),
  usd: z.number(),
  per: z.string(),
  zone: z.string(),
  atLimit: z.string(),
  /** Epoch milliseconds. */
  from: z.number(),
  resetAt: z.number(),
  /** USD, reserves of requests under way included. */
  usedUsd: z.number(),
  remainingUsd: z.number(),
});

const list = declare({
  method: 'get',
  path: '/router/v1/budgets',
  summary:
    'How every budget stands: those of all requests, of roles and of tags, and those of keys that have asked since the start',
  responses: { 200: json(z.object({ data: z.array(row) }), 'Budgets') },
});

function rowOf({ account: { name, budget }, period, used }: Level): z.output<typeof row> {
  const { usd, per, zone, atLimit } = budget;
  const usedUsd = roundedUsd(used / 1e9);
  return {
    budget: name,
    usd,
    per,
    zone,
    atLimit,
    from: period.start,
    resetAt: period.end,
    usedUsd,
    remainingUsd: roundedUsd(Math.max(0, usd - usedUsd)),
  };
}

/** How spending limits stand. */
export function mountBudgets(app: OpenAPIHono<GatewayEnv>, { engine }: GatewayContext): void {
  app.openapi(list, async (c) => {
    const levels = await engine.runtime.budgets.levels(engine.snapshot().accounts.configured);
    return c.json({ data: levels.map(rowOf) }, 200);
  });
}
