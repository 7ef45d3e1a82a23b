import { z } from '@hono/zod-openapi';
import { isZone } from '../../calendar.ts';
import { MAX_COMMENT } from '../../flow/names.ts';
import { USAGE_PERIODS } from '../../ledger/usage-report.ts';
import { knownQuery } from './known-query.ts';

/** The error envelope of the management API. */
export const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string(), param: z.string().optional() }) })
  .openapi('Error');

/** `?after=&limit=` of every list. */
export const PAGE = {
  after: z.string().max(64).optional().openapi({ description: 'The `next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
};

export const routeBody = z
  .object({
    messages: z.array(z.unknown()).openapi({ description: 'As in /v1/chat/completions' }),
    model: z.string().default('auto'),
    strategy: z.string().optional(),
    role: z.string().optional(),
    session: z.string().max(200).optional(),
  })
  .loose()
  .openapi('RouteRequest');

export const estimateSchema = z.object({
  model: z.string(),
  quality: z.number(),
  stderr: z.number(),
  costUsd: z.number().nullable(),
  firstTokenMs: z.number().optional(),
  outputTokens: z.number(),
});

export const decisionSchema = z
  .object({
    id: z.string(),
    chosen: z.string(),
    reasonCode: z.string(),
    reason: z.string(),
    confidence: z.number(),
    flip: z.string().optional(),
    propensity: z.number(),
    role: z.string().optional(),
    ranking: z.array(estimateSchema),
    dropped: z.array(z.object({ model: z.string(), why: z.string(), detail: z.string() })),
    strategy: z.object({ kind: z.string() }).loose(),
    warnings: z.array(z.string()).optional(),
    versions: z.record(z.string(), z.string()),
    query: z.object({}).loose(),
    at: z.number(),
  })
  .loose()
  .openapi('Decision');

export const routeAnswer = z
  .object({
    decision: decisionSchema,
    model: z.string(),
    provider: z.string(),
    explain: z.array(z.string()),
  })
  .openapi('RouteAnswer');

const SCORE = 'needs a number from 0 (bad) to 1 (good)';

export const feedbackBody = z
  .object({
    decisionId: z.string().max(64).optional().openapi({ description: 'From the header x-signalbox-decision-id' }),
    session: z.string().max(200).optional(),
    score: z.number(SCORE).min(0, SCORE).max(1, SCORE),
    comment: z.string().max(MAX_COMMENT).optional(),
  })
  .refine((body) => body.decisionId !== undefined || body.session !== undefined, {
    message: 'needs decisionId (the header x-signalbox-decision-id of an answer) or session',
    // Said together with whatever else is wrong.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .openapi('Feedback');

export const activitySchema = z
  .object({ id: z.string(), at: z.number(), requested: z.string(), model: z.string(), status: z.string() })
  .loose()
  .openapi('Activity');

export const usageQuery = knownQuery({
  since: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .openapi({ description: 'Epoch milliseconds; default: 24 hours ago' }),
  until: z.coerce.number().int().min(0).optional(),
  period: z.enum(USAGE_PERIODS).optional().openapi({
    description: 'The day, week or month that it is in `zone`, with a projection; goes before since and until',
  }),
  zone: z
    .string()
    .max(60)
    .refine(isZone, 'there is no such time zone')
    .optional()
    .openapi({ description: 'Where buckets and periods begin, such as Europe/Berlin; default: UTC' }),
  bucket: z.enum(['minute', 'hour', 'day', 'week', 'month']).optional(),
  by: z.enum(['model', 'role', 'key', 'provider', 'user', 'tag']).optional(),
});

export const usageRowSchema = z
  .object({
    start: z.number(),
    group: z.string(),
    requests: z.number(),
    failed: z.number(),
    cancelled: z.number(),
    interrupted: z.number(),
    inputTokens: z.number(),
    outputTokens: z.number(),
    costUsd: z.number().openapi({ description: 'As far as prices are known' }),
    reservedUsd: z.number().openapi({
      description: 'Part of costUsd: reserves of interrupted requests, of which nobody knows what was spent',
    }),
    unpriced: z.number().openapi({ description: 'Requests whose cost is unknown' }),
    estimated: z.number().openapi({ description: 'Requests whose tokens are in part an estimate' }),
    baselineCostUsd: z.number(),
    savingsUsd: z.number(),
    fallbacks: z.number(),
    cached: z.number().openapi({ description: 'Requests whose answer was made for another one' }),
  })
  .loose()
  .openapi('UsageRow');

export const usageReportSchema = z
  .object({
    since: z.number(),
    until: z.number(),
    zone: z.string(),
    data: z.array(usageRowSchema),
    total: usageRowSchema.openapi({ description: 'A request counts once, whatever tags it has' }),
    projection: z
      .object({ usd: z.number(), low: z.number(), high: z.number(), from: z.number(), method: z.string() })
      .nullable()
      .openapi({ description: 'What the period will have cost, with a 95 % interval; null while too little is known' }),
    savings: z.object({ method: z.string() }),
    prices: z
      .object({
        unknown: z.array(z.string()),
        stale: z.array(z.object({ upstream: z.string(), date: z.string(), days: z.number() })),
      })
      .optional()
      .openapi({ description: 'Upstreams without a price, and with one that is old; for administrators' }),
  })
  .openapi('UsageReport');

const refusalSchema = z
  .object({ refusedAt: z.number().openapi({ description: 'Epoch milliseconds' }), error: z.string() })
  .nullable();

export const statsSchema = z
  .object({
    version: z.string(),
    startedAt: z.number(),
    requests: z.number(),
    costUsd: z.number(),
    reload: z
      .object({ config: refusalSchema, artifact: refusalSchema })
      .openapi({ description: 'Why the newest file is refused and the one before stays in use; null where it is not' }),
  })
  .loose()
  .openapi('Stats');
