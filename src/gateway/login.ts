import { SignalboxError } from '../errors.ts';
import type { GatewayContext } from './context.ts';
import type { Ingress } from './ingress.ts';
import { loginPage } from './login-page.ts';
import { readRequest } from './request-body.ts';
import { isOwnPage, sessionCookie, sessionId } from './session-cookie.ts';

/** A form with one key. */
const MAX_FORM = 4096;
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** What a login can fail with, and is told on the page. */
const TOLD = new Set(['unauthorized', 'forbidden', 'too_many_logins', 'keys_unavailable']);

async function logIn(context: GatewayContext, ingress: Ingress, request: Request): Promise<Response> {
  const { header, remoteAddress = '' } = ingress;
  const { log } = context.engine.runtime;
  if (!FORM.test(header('content-type') ?? '')) {
    throw new SignalboxError('unsupported_media_type', 'send the key as a form: key=sb-…');
  }
  const form = new URLSearchParams(Buffer.from(await readRequest(request, header, MAX_FORM)).toString('utf8'));
  try {
    const id = await context.access.sessions.open((form.get('key') ?? '').trim(), remoteAddress);
    return new Response(null, {
      status: 303,
      // Relative, so that the page works under any prefix.
      headers: { location: './', 'set-cookie': sessionCookie(ingress, id), 'cache-control': 'no-store' },
    });
  } catch (error) {
    if (!SignalboxError.is(error) || !TOLD.has(error.code)) throw error;
    log.warn({ address: remoteAddress, code: error.code }, 'a login failed');
    const { status, message, retryAfter } = error;
    return loginPage(status, message, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
  }
}

/**
 * `/ui/login` and `/ui/logout`, which need no key: undefined for every other request.
 * @throws `forbidden_host`, `forbidden_origin`, `method_not_allowed`
 */
export async function login(
  context: GatewayContext,
  ingress: Ingress,
  request: Request,
): Promise<Response | undefined> {
  const { path, method, header } = ingress;
  if (path !== '/ui/login' && path !== '/ui/logout') return undefined;
  context.access.checkSite(header);
  const takes = path === '/ui/login' ? ['GET', 'HEAD', 'POST'] : ['POST'];
  if (!takes.includes(method)) {
    throw new SignalboxError('method_not_allowed', `${path} takes ${takes.join(', ')}`, { allow: takes });
  }
  if (method !== 'POST') return loginPage(200);
  if (path === '/ui/login') return logIn(context, ingress, request);
  if (!isOwnPage(header)) throw new SignalboxError('forbidden_origin', 'only the page itself can log out');
  const id = sessionId(header);
  if (id !== undefined) context.access.sessions.end(id);
  return new Response(null, {
    status: 204,
    headers: { 'set-cookie': sessionCookie(ingress, undefined), 'cache-control': 'no-store' },
  });
}
