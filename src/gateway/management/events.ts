import type { OpenAPIHono } from '@hono/zod-openapi';
import { VERSION } from '../../version.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';
import { declare } from './respond.ts';

/** A comment this often keeps proxies from closing an idle stream, milliseconds. */
const PING_MS = 15_000;

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

const described = declare({
  method: 'get',
  path: '/router/v1/events',
  summary:
    'Each request as it settles, as server-sent events: `hello`, then `request` with a row of `/router/v1/decisions`',
  responses: { 200: { description: 'A stream without an end', content: { 'text/event-stream': {} } } },
});

function event(name: string, data: unknown): Uint8Array {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** `GET /router/v1/events`: each request as it settles, as server-sent events. */
export function mountEvents(app: OpenAPIHono<GatewayEnv>, context: GatewayContext): void {
  app.openAPIRegistry.registerPath(described);
  app.get('/router/v1/events', (c) => {
    if (c.req.method === 'HEAD') return new Response(null, { headers: HEADERS });
    const left = new AbortController();
    const stop = () => {
      context.closing.removeEventListener('abort', stop);
      left.abort();
    };
    c.req.raw.signal.addEventListener('abort', stop, { once: true });
    context.closing.addEventListener('abort', stop, { once: true });
    const messages = context.engine.runtime.state.subscribe('requests', left.signal)[Symbol.asyncIterator]();
    let ping: NodeJS.Timeout | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(event('hello', { version: VERSION }));
        ping = setInterval(() => controller.enqueue(Buffer.from(': ping\n\n')), PING_MS);
        left.signal.addEventListener('abort', () => clearInterval(ping), { once: true });
      },
      async pull(controller) {
        const step = await messages.next();
        if (step.done !== true) return controller.enqueue(event('request', step.value));
        clearInterval(ping);
        controller.close();
      },
      cancel: stop,
    });
    return new Response(body, { headers: HEADERS });
  });
}
