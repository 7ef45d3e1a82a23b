import type { MiddlewareHandler } from 'hono';
import { SignalboxError } from '../../errors.ts';
import type { GatewayEnv } from '../context.ts';

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * Names the header that is missing: a body of another type is not read, and would be refused for fields that it has.
 * `curl -d` sends one. Inference reads its own bodies and takes whatever parses: clients leave the header out there.
 */
export const requireJson: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  const type = c.req.header('content-type') ?? '';
  if (c.req.method === 'POST' && !JSON_TYPE.test(type)) {
    throw new SignalboxError(
      'unsupported_media_type',
      `send the body as JSON, with the header "content-type: application/json"${type === '' ? '' : `, not "${type.slice(0, 80)}"`}`,
    );
  }
  await next();
};
