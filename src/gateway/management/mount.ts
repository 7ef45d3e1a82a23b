import type { OpenAPIHono } from '@hono/zod-openapi';
import { SignalboxError } from '../../errors.ts';
import { VERSION } from '../../version.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { mountBudgets } from './budgets.ts';
import { mountDecisions } from './decisions.ts';
import { mountEvents } from './events.ts';
import { mountFeedback } from './feedback.ts';
import { mountForget } from './forget.ts';
import { mountKeys } from './keys.ts';
import { mountRoute } from './route.ts';
import { mountUsage } from './usage.ts';

/** What the contract names and this version does not do yet. */
const LATER = ['experiments', 'whatif'];

/** The management API under `/router/v1/`, described in `/openapi.json`. */
export function mountManagement(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  mountRoute(app, context);
  mountFeedback(app, context);
  mountDecisions(app, context);
  mountUsage(app, context);
  mountBudgets(app, context);
  mountEvents(app, context);
  mountKeys(app, context);
  mountForget(app, context);
  for (const name of LATER) {
    app.all(`/router/v1/${name}`, () => {
      throw new SignalboxError('not_in_effect', `/router/v1/${name} is not yet in effect`);
    });
  }
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Signalbox management API', version: VERSION },
  });
}
