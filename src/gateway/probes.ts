import type { GatewayContext } from './context.ts';

/** The process answers. */
export function health(): Response {
  return Response.json({ status: 'ok' });
}

/** Whether requests should come here; what is degraded is said either way. */
export function ready(context: GatewayContext): Response {
  const { trouble, journalTrouble, behindBytes, driver } = context.engine.ledger.status();
  const draining = context.draining();
  return Response.json(
    {
      status: draining ? 'draining' : trouble === null && journalTrouble === null ? 'ready' : 'degraded',
      ledger: { driver, behindBytes, store: trouble ?? 'ok', journal: journalTrouble ?? 'ok' },
    },
    { status: draining ? 503 : 200 },
  );
}

/** Prometheus text. */
export async function metrics(context: GatewayContext): Promise<Response> {
  const { metrics: registry } = context.engine.runtime;
  return new Response(await registry.text(), { headers: { 'content-type': registry.contentType } });
}
