import type { MiddlewareHandler } from 'hono';
import { SignalboxError } from '../../errors.ts';
import { checkDepth } from '../../protocol/json.ts';
import type { GatewayEnv } from '../context.ts';

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

function checkType(type = ''): void {
  if (JSON_TYPE.test(type)) return;
  throw new SignalboxError(
    'unsupported_media_type',
    `send the body as JSON, with the header "content-type: application/json"${type === '' ? '' : `, not "${type.slice(0, 80)}"`}`,
  );
}

/**
 * Names the header that is missing: a body of another type is not read, and would be refused for fields that it has.
 * `curl -d` sends one. Inference reads its own bodies and takes whatever parses: clients leave the header out there.
 */
export const requireJson: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  if (c.req.method === 'POST') {
    checkType(c.req.header('content-type'));
    checkDepth(await c.req.text());
  }
  await next();
};

/** The same where a body may be left out: one that is there must not be passed over. */
export const requireJsonIfAny: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  const length = c.req.header('content-length') ?? '0';
  const sent = length !== '0' || c.req.header('transfer-encoding') !== undefined;
  if (c.req.method === 'POST' && sent) checkType(c.req.header('content-type'));
  await next();
};
