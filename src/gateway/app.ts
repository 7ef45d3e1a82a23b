import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { SignalboxError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { admit, needOf } from './admit.ts';
import { COUNT_TOKENS, countTokens } from './count-tokens.ts';
import type { GatewayContext, GatewayEnv, NodeBindings } from './context.ts';
import { corsHeaders, preflight } from './cors.ts';
import { failure } from './failure.ts';
import { departureOf } from './departure.ts';
import { dialectOf, INFERENCE } from './dialects.ts';
import { inference } from './inference.ts';
import { fetchIngress, type Ingress } from './ingress.ts';
import { invalidInput } from './management/invalid-input.ts';
import { mountManagement } from './management/mount.ts';
import { requireJson, requireJsonIfAny } from './management/require-json.ts';
import { checkPathRole, listModels, showModel } from './models.ts';
import { mountOllama } from './ollama.ts';
import { login } from './login.ts';
import { loginPage } from './login-page.ts';
import { page } from './page.ts';
import { PASSED_ON, passThrough } from './pass-through.ts';
import { splitPath } from './paths.ts';
import { sessionOf } from './session-cookie.ts';
import { health, metrics, ready } from './probes.ts';
import { readRequest, tooLarge } from './request-body.ts';
import { toResponse } from './stream-bridge.ts';

/** Routes that take a body: clients and proxies probe them without one. */
const POSTED = ['/router/v1/route', '/router/v1/feedback'];
/** Paths of the list of models; a model is one step below. */
export const MODELS: readonly string[] = ['/v1/models', '/models', '/api/v1/models'];

/** A function from request to response: mount it in any server that speaks Fetch; `serve` mounts it in Node's. */
export type Gateway = (request: Request, env?: NodeBindings) => Promise<Response>;

/** The methods that a path takes; none for a path that is not there. */
function methodsOf({ router }: OpenAPIHono<GatewayEnv>, path: string): string[] {
  const takes = (method: string) => router.match(method, path)[0].some(([[, route]]) => route.method === method);
  return [
    ...(takes('GET') ? ['GET', 'HEAD'] : []),
    // Inference is taken before any of these routes.
    ...(takes('POST') || INFERENCE.has(path) ? ['POST'] : []),
    ...(takes('DELETE') ? ['DELETE'] : []),
  ];
}

function nothingThere(app: OpenAPIHono<GatewayEnv>, method: string, path: string): SignalboxError {
  const shown = path.slice(0, 200);
  const allow = methodsOf(app, path);
  return allow.length > 0
    ? new SignalboxError('method_not_allowed', `${shown} takes ${allow.join(', ')}, not ${method}`, { allow })
    : new SignalboxError(
        'not_found',
        `there is nothing at ${method} ${shown}; inference is POST /v1/chat/completions, /openapi.json lists the management routes`,
      );
}

/** Every route of the gateway but inference, on one screen. */
function routes(context: GatewayContext): OpenAPIHono<GatewayEnv> {
  const app = new OpenAPIHono<GatewayEnv>({
    getPath: (request) => splitPath(request.url).path,
    defaultHook: (result) => {
      if (!result.success) throw invalidInput(result.error, result.target);
    },
  });

  const underRole: MiddlewareHandler<GatewayEnv> = async (c, next) => {
    checkPathRole(context, c.env.admitted);
    await next();
  };
  for (const path of [...INFERENCE.keys(), ...MODELS.map((path) => `${path}/*`)]) app.use(path, underRole);
  app.on(['GET', 'HEAD'], [...INFERENCE.keys(), ...POSTED], (c) => c.json({ status: 'ok', use: 'POST' }));
  app.get('/api/hello', (c) => c.json({ status: 'ok' }));
  app.on(['GET', 'HEAD'], [...MODELS], (c) => listModels(context, c.env.admitted));
  for (const path of MODELS) app.get(`${path}/:id{.+}`, (c) => showModel(context, c.req.param('id'), c.env.admitted));

  app.on(['GET', 'HEAD'], COUNT_TOKENS, (c) => c.json({ status: 'ok', use: 'POST' }));
  app.use(COUNT_TOKENS, underRole);
  app.post(COUNT_TOKENS, async (c) => countTokens(context, c.req.raw, c.env.admitted));

  // A reload never changes `server`.
  const maxSize = context.engine.snapshot().config.server.maxBody;
  const onError = () => {
    throw tooLarge(maxSize);
  };
  app.use('/router/v1/*', bodyLimit({ maxSize, onError }));
  for (const path of [...POSTED, '/router/v1/keys']) app.use(path, requireJson);
  app.use('/router/v1/keys/:name/rotate', requireJsonIfAny);
  mountManagement(app, context);

  mountOllama(app, context);
  for (const path of PASSED_ON) {
    app.all(path, (c) => passThrough(context, c.req.raw, { path: c.req.path }, c.env.admitted));
  }

  app.get('/ui', (c) => c.redirect('/ui/'));
  app.get('/ui/*', (c) => page(context, c.req.path));
  app.get('/metrics', () => metrics(context));
  app.get('/health', () => health());
  app.get('/v1/health', () => health());
  app.get('/ready', (c) => ready(context, c.env.admitted));
  app.get('/version', (c) => c.json({ name: 'signalbox', version: VERSION }));
  app.get('/', (c) =>
    wantsPage(c.req.header('accept'))
      ? c.redirect('/ui/')
      : // What Ollama says, and its clients look for.
        c.text('Ollama is running'),
  );
  app.notFound((c) => {
    throw nothingThere(app, c.req.method, c.req.path);
  });
  app.onError((error, c) => {
    const own =
      error instanceof HTTPException && error.status === 400
        ? new SignalboxError('invalid_json', error.message)
        : error;
    return toResponse(failure(context, own, { ...c.env.admitted, path: c.req.path }));
  });
  return app;
}

/** Whether a browser asks for something to look at. */
function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true;
}

/** Where a browser looks for the page, and where it finds it from there. */
const DOORS: ReadonlyMap<string, string> = new Map([
  ['/', 'ui/'],
  ['/ui', 'ui/'],
  ['/ui/', ''],
]);

/** The answer to a request that is not let in. */
function refusal(context: GatewayContext, error: unknown, ingress: Ingress): Response {
  const { path, header } = ingress;
  const locked = SignalboxError.is(error) && error.code === 'unauthorized';
  const door = locked && wantsPage(header('accept')) ? DOORS.get(path) : undefined;
  if (door !== undefined) {
    return door === '' ? loginPage(401) : new Response(null, { status: 302, headers: { location: door } });
  }
  return toResponse(failure(context, error, ingress));
}

/** Lets a request in by its key or its session. */
async function admission(
  context: GatewayContext,
  ingress: Ingress,
  env: NodeBindings,
): Promise<GatewayEnv['Bindings']> {
  const waits = context.access.waitsFor(ingress.header);
  if (waits !== undefined) await waits;
  const session = await sessionOf(context, ingress);
  return { ...env, admitted: admit(context, ingress, needOf(ingress.path), session) };
}

/** Answers whatever is not inference: the guard, then the route. */
async function visit(
  context: GatewayContext,
  app: OpenAPIHono<GatewayEnv>,
  ingress: Ingress,
  request: Request,
  env: NodeBindings,
): Promise<Response> {
  const early = preflight(context, ingress);
  if (early !== undefined) return toResponse(early);
  let response: Response;
  try {
    response =
      (await login(context, ingress, request)) ?? (await app.fetch(request, await admission(context, ingress, env)));
  } catch (error) {
    response = refusal(context, error, ingress);
  }
  response.headers.set('x-signalbox-request-id', ingress.id);
  const cors = corsHeaders(context, ingress, response.headers.keys()) ?? {};
  for (const [name, value] of Object.entries(cors)) {
    if (name === 'vary') response.headers.append(name, value);
    else response.headers.set(name, value);
  }
  return response;
}

/** Builds the gateway. Every request passes the guard before any route sees it. */
export function createGateway(context: GatewayContext): Gateway {
  const app = routes(context);
  return async (request, env = {}) => {
    const ingress = fetchIngress(context, request, env);
    const dialect = dialectOf(ingress);
    if (dialect === undefined) return visit(context, app, ingress, request, env);
    const read = (limit: number) => readRequest(request, ingress.header, limit);
    const departure = departureOf(request);
    return toResponse(await inference(context, dialect, ingress, { read, signal: departure.signal }), departure);
  };
}
