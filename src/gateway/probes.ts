import type { Admitted, GatewayContext } from './context.ts';

/** The process answers. */
export function health(): Response {
  return Response.json({ status: 'ok' });
}

/** What everyone is told of a trouble: its words name hosts, users and files. */
const TROUBLE = 'in trouble: the log says why, and this path with an administrator’s key';

/** Whether requests should come here; what is degraded is said either way. */
export function ready(context: GatewayContext, { identity }: Admitted): Response {
  const { trouble, journalTrouble, behindBytes, driver } = context.engine.ledger.status();
  const stateTrouble = context.engine.runtime.state.trouble();
  const draining = context.draining();
  const told = (words: string | null): string => (words === null ? 'ok' : identity.admin ? words : TROUBLE);
  const fine = trouble === null && journalTrouble === null && stateTrouble === null;
  return Response.json(
    {
      status: draining ? 'draining' : fine ? 'ready' : 'degraded',
      ledger: { driver, behindBytes, store: told(trouble), journal: told(journalTrouble) },
      state: told(stateTrouble),
    },
    { status: draining ? 503 : 200 },
  );
}

/** Prometheus text. */
export async function metrics(context: GatewayContext): Promise<Response> {
  const { metrics: registry } = context.engine.runtime;
  return new Response(await registry.text(), { headers: { 'content-type': registry.contentType } });
}
