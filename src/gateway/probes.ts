import type { GatewayContext } from './context.ts';

/** The process answers. */
export function health(): Response {
  return Response.json({ status: 'ok' });
}

/** Whether requests should come here; what is degraded is said either way. */
export function ready(context: GatewayContext): Response {
  const { trouble, journalTrouble, behindBytes, driver } = context.engine.ledger.status();
  const stateTrouble = context.engine.runtime.state.trouble();
  const draining = context.draining();
  const fine = trouble === null && journalTrouble === null && stateTrouble === null;
  return Response.json(
    {
      status: draining ? 'draining' : fine ? 'ready' : 'degraded',
      ledger: { driver, behindBytes, store: trouble ?? 'ok', journal: journalTrouble ?? 'ok' },
      state: stateTrouble ?? 'ok',
    },
    { status: draining ? 503 : 200 },
  );
}

/** Prometheus text. */
export async function metrics(context: GatewayContext): Promise<Response> {
  const { metrics: registry } = context.engine.runtime;
  return new Response(await registry.text(), { headers: { 'content-type': registry.contentType } });
}
