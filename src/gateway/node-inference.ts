import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from '../protocol/chat.ts';
import { stackOf } from '../flow/quotes.ts';
import type { CallerSignal } from '../providers/provider.ts';
import type { GatewayContext } from './context.ts';
import { failure } from './failure.ts';
import { dialectOf } from './dialects.ts';
import { inference } from './inference.ts';
import { nodeIngress, type Ingress } from './ingress.ts';
import { discardRest, readIncoming } from './request-body.ts';
import { sendReply } from './stream-bridge.ts';

/** Aborts when the caller hangs up before its answer is complete. */
function callerSignal(outgoing: ServerResponse): CallerSignal {
  let listeners: readonly (() => void)[] = [];
  let aborted = false;
  outgoing.once('close', () => {
    if (outgoing.writableFinished) return;
    aborted = true;
    for (const listener of listeners) listener();
  });
  return {
    get aborted() {
      return aborted;
    },
    addEventListener(_type, listener) {
      listeners = listeners.length === 0 ? [listener] : [...listeners, listener];
    },
    removeEventListener(_type, listener) {
      listeners =
        listeners.length === 1 && listeners[0] === listener ? [] : listeners.filter((each) => each !== listener);
    },
  };
}

async function serve(
  context: GatewayContext,
  dialect: Dialect,
  ingress: Ingress,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const read = (limit: number) => readIncoming(incoming, ingress.header, limit);
  const reply = await inference(context, dialect, ingress, { read, signal: callerSignal(outgoing) });
  const patience = context.engine.snapshot().config.timeouts.idle;
  try {
    await sendReply(reply, outgoing, patience);
  } catch (error) {
    // An answer that cannot be told still ends its upstream call, and is settled.
    await reply.body[Symbol.asyncIterator]().return?.();
    if (outgoing.headersSent) outgoing.destroy();
    else await sendReply(failure(context, error, ingress), outgoing, patience);
  }
  discardRest(incoming);
}

/**
 * Inference straight on Node's request and response: no `Request`, `Response` or web stream is made for the requests
 * that are counted in thousands. The function tells whether it took a request.
 */
export function createNodeInference(
  context: GatewayContext,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  return (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    const ingress = nodeIngress(context, incoming);
    const dialect = dialectOf(ingress);
    if (dialect === undefined) return false;
    serve(context, dialect, ingress, incoming, outgoing).catch((error: unknown) => {
      context.engine.runtime.log.error(
        { request: ingress.id, error: stackOf(error) },
        'a request failed outside the loop',
      );
      outgoing.destroy();
    });
    return true;
  };
}
