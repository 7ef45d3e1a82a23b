import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { readStats } from '../../flow/stats.ts';
import { modelRows } from '../../catalog/model-rows.ts';
import { priceTrouble } from '../../catalog/price-age.ts';
import { readReport } from '../../ledger/usage-report.ts';
import { given } from '../../protocol/guards.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare, json } from './respond.ts';
import { scopeOf } from './scope.ts';
import { visibleTo } from '../visible-models.ts';
import { statsSchema, usageQuery, usageReportSchema } from './schemas.ts';

const usage = declare({
  method: 'get',
  path: '/router/v1/usage',
  summary:
    'Requests, tokens, cost and savings, by time and by group; savings are counterfactual. A key that is no administrator’s sees its own',
  request: { query: usageQuery },
  responses: { 200: json(usageReportSchema, 'Sums') },
});

const stats = declare({
  method: 'get',
  path: '/router/v1/stats',
  summary: 'What runs, and totals over the ledger',
  responses: { 200: json(statsSchema, 'Totals') },
});

const modelList = z.object({ data: z.array(z.object({ id: z.string() }).loose()) });

const models = declare({
  method: 'get',
  path: '/router/v1/models',
  summary: 'Configured models with upstreams, prices and where the prices come from',
  responses: { 200: json(modelList, 'Models') },
});

/** Sums over the ledger, and what is configured. */
export function mountUsage(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  const { engine } = context;
  app.openapi(usage, async (c) => {
    const { bucket, by, zone, ...window } = c.req.valid('query');
    const now = engine.runtime.clock.now();
    const key = scopeOf(c.env);
    const query = { ...window, ...given({ bucket, by, zone, key }) };
    const report = await readReport(engine.ledger.store, query, now);
    const { catalog, config } = engine.snapshot();
    const prices = key === undefined ? priceTrouble(catalog.models, config.prices.staleAfter, now) : undefined;
    return c.json(usageReportSchema.parse({ ...report, prices }), 200);
  });
  app.openapi(stats, async (c) => c.json(statsSchema.parse(await readStats(engine)), 200));
  app.openapi(models, (c) => {
    const visible = visibleTo(context, c.env.admitted.identity);
    const upstreams = new Map(visible.models.map((model) => [model.id, model.upstreams]));
    const data = modelRows(visible, visible.roles).map((row) => ({
      ...row,
      upstreams: upstreams.get(row.id) ?? [],
    }));
    return c.json(modelList.parse({ data }), 200);
  });
}
