import type { Upstream } from '../catalog/model.ts';
import type { Plan } from '../decide/precedence.ts';
import { SignalboxError } from '../errors.ts';
import { forward } from '../flow/forward.ts';
import { lockOf, type KeyRequest } from '../flow/lock.ts';
import { nameOf } from '../flow/names.ts';
import { errorOf } from '../flow/policy.ts';
import { asBuffer } from '../protocol/bytes.ts';
import { isObject, text } from '../protocol/guards.ts';
import { parseJson } from '../protocol/json.ts';
import { addReturnable, forwardable } from '../protocol/headers.ts';
import { patchRequest } from '../protocol/patch.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { ascii } from '../flow/head.ts';
import type { Snapshot } from '../flow/snapshot.ts';
import { callerKeyOf } from './caller-key.ts';
import type { Admitted, GatewayContext } from './context.ts';
import { departureOf } from './departure.ts';
import type { Ingress } from './ingress.ts';
import { readRequest } from './request-body.ts';
import { isBodiless, toResponse } from './stream-bridge.ts';
import { parseTags } from './tags.ts';
import { refuseMisspelt, unknownHeaders, withUnknown } from './unknown-headers.ts';

/** Routes of OpenAI's that are passed on as they are. */
export const PASSED_ON: readonly string[] = [
  '/v1/completions',
  '/v1/moderations',
  '/v1/audio/*',
  '/v1/images/*',
  '/v1/files',
  '/v1/files/*',
  '/v1/batches',
  '/v1/batches/*',
];

/** Names the provider of a request whose body names no model. */
const PROVIDER = 'x-signalbox-provider';
/** A form's fields come before its files as a rule. */
const FORM_START = 64 * 1024;

/** The field `model` at the start of a form; read once over, since forms may be hostile. */
function fieldIn(start: string): string | undefined {
  const name = start.indexOf('name="model"\r\n');
  const value = name === -1 ? -1 : start.indexOf('\r\n\r\n', name);
  const end = value === -1 ? -1 : start.indexOf('\r\n', value + 4);
  return end === -1 || end > value + 204 ? undefined : start.slice(value + 4, end) || undefined;
}

/** The model that a body names: in JSON, or as a field of a form. */
function modelOf(body: Uint8Array, type: string): string | undefined {
  if (type.startsWith('multipart/')) {
    const start = asBuffer(body.subarray(0, FORM_START)).toString('latin1');
    return fieldIn(start);
  }
  if (body.length === 0) return undefined;
  const parsed = parseJson(body);
  return isObject(parsed) ? text(parsed['model']) : undefined;
}

type OwnKey = Pick<KeyRequest, 'callerKey' | 'keyFor'>;

interface Destination {
  readonly upstream: Pick<Upstream, 'id' | 'provider' | 'name'>;
  /** Configured id. */
  readonly model?: string;
}

/** Where requests can be passed on to, in words. */
function whereTo(able: readonly string[], configured: readonly string[]): string {
  if (able.length > 0) return `there ${able.length === 1 ? 'is' : 'are'} ${able.join(', ')}`;
  return configured.length === 0
    ? 'no providers are configured'
    : `none of the configured ones takes such requests (${configured.join(', ')})`;
}

const refuse = (message: string, param?: string): SignalboxError =>
  new SignalboxError('invalid_request', message, param === undefined ? {} : { param });

/** Which upstreams are open to the caller: whoever names a provider says whose key it brought, too. */
function openTo(own: OwnKey, named: string | undefined, explicit: Plan['explicit'], snapshot: Snapshot) {
  const takes = named !== undefined && snapshot.providers.get(named)?.callerKey === true;
  const keyFor = own.keyFor ?? (takes ? named : undefined);
  const lock = lockOf({ ...own, dialect: 'openai-chat', keyFor }, explicit, snapshot);
  return {
    opens: (upstream: Pick<Upstream, 'provider'>): boolean => lock === undefined || lock.opens(upstream),
    shut: (provider: string) =>
      new SignalboxError('unauthorized', `nothing can be passed on to "${provider}": ${lock?.detail ?? ''}`),
  };
}

/** Where a request goes: to the named provider, its model's, or the only one there is. */
function destinationOf(
  snapshot: Snapshot,
  { header, identity, role }: Admitted,
  model: string | undefined,
  own: OwnKey,
): Destination {
  const { config, plan, providers } = snapshot;
  // What stands in a file or a batch may name any model: nobody here reads it.
  if (identity.models !== undefined || identity.roles !== undefined) {
    throw new SignalboxError(
      'forbidden',
      'this key is limited to some models or roles, and this path is passed on unread',
    );
  }
  const named = header(PROVIDER);
  const able = [...providers.values()].filter((provider) => provider.forward !== undefined).map(({ name }) => name);
  const choices = whereTo(able, Object.keys(config.providers));
  if (named !== undefined && !able.includes(named)) {
    throw refuse(`${PROVIDER}: "${named.slice(0, 80)}" is no provider that requests are passed on to; ${choices}`);
  }
  if (model === undefined) {
    const provider = named ?? (able.length === 1 ? able[0] : undefined);
    if (provider !== undefined) {
      const { opens, shut } = openTo(own, named, undefined, snapshot);
      if (!opens({ provider })) throw shut(provider);
      return { upstream: { id: `${provider}/`, provider, name: '' } };
    }
    throw refuse(
      able.length === 0
        ? `nothing can be passed on: ${choices}`
        : `the request names no model: say which provider it is for with the header ${PROVIDER}: ${able.join(' or ')}`,
    );
  }
  const shown = model.slice(0, 80);
  const { explicit } = plan({ model, pathRole: role, headerRole: header('x-signalbox-role') });
  if (explicit === undefined) {
    throw refuse(`model: "${shown}" is routed, and this path is not: name a model`, 'model');
  }
  const places = explicit.upstream === undefined ? explicit.model.upstreams : [explicit.upstream];
  const { opens, shut } = openTo(own, named, explicit, snapshot);
  const fitting = places.filter(({ provider }) => able.includes(provider) && (named ?? provider) === provider);
  const upstream = fitting.find(opens);
  if (upstream !== undefined) return { upstream, model: explicit.model.id };
  const [first] = fitting;
  if (first !== undefined) throw shut(first.provider);
  throw named === undefined
    ? refuse(
        `model: "${shown}" is at ${places.map(({ provider }) => provider).join(', ')}, where nothing is passed on to; ${choices}`,
        'model',
      )
    : refuse(`${PROVIDER}: model "${shown}" is not at provider "${named}"`);
}

/** Paths of OpenAI's API are plain words and ids. */
const PLAIN = /^(?:\/[\w~:@-][\w.~:@-]*)+$/;

/**
 * What a path is passed on as.
 * @throws `invalid_request` for one that the provider could read as another: what is forbidden there would be reached here.
 */
function pathToPass(path: string): string {
  if (PLAIN.test(path)) return path.slice('/v1'.length);
  throw refuse(
    'the path is passed on, so it may hold letters, digits and . _ ~ : @ - only, and no step that begins with a dot',
  );
}

const METHODS = new Set(['GET', 'POST', 'DELETE']);

function methodOf(method: string): 'GET' | 'POST' | 'DELETE' {
  const known = METHODS.has(method) ? method : undefined;
  if (known === 'GET' || known === 'POST' || known === 'DELETE') return known;
  throw new SignalboxError('method_not_allowed', `this path takes GET, POST and DELETE, not ${method}`, {
    allow: [...METHODS],
  });
}

/**
 * The role that the caller names, whose budget pays.
 * @throws `role_not_found`, `forbidden`
 */
function roleOf({ header, identity, role }: Admitted, { plan }: Snapshot): string | undefined {
  const headerRole = header('x-signalbox-role');
  if (role === undefined && headerRole === undefined) return undefined;
  return plan({ model: 'auto', pathRole: role, headerRole, keyRoles: identity.roles }).role;
}

/** Passes a request on to a provider as it is, but for the model's name; on the ledger as unpriced. */
export async function passThrough(
  context: GatewayContext,
  request: Request,
  ingress: Pick<Ingress, 'path'>,
  admitted: Admitted,
): Promise<Response> {
  const { engine } = context;
  const { header, identity } = admitted;
  const unknown = unknownHeaders(request.headers.keys());
  if (unknown !== undefined) refuseMisspelt(unknown);
  const snapshot = engine.snapshot();
  const role = roleOf(admitted, snapshot);
  const path = pathToPass(ingress.path);
  const method = methodOf(request.method);
  const type = header('content-type') ?? '';
  const body = method === 'POST' ? await readRequest(request, header, snapshot.config.server.maxBody) : undefined;
  const asked = body === undefined ? undefined : modelOf(body, type);
  const own = callerKeyOf(context, header, snapshot);
  const to = destinationOf(snapshot, admitted, asked, own);
  const sent =
    body === undefined || to.model === undefined || type.startsWith('multipart/')
      ? body
      : patchRequest(body, { model: to.upstream.name, includeUsage: false });
  const tags = header('x-signalbox-tags');
  const departure = departureOf(request);
  const { provider } = to.upstream;
  const callers = snapshot.providers.get(provider)?.callerKey === true;
  const work = {
    id: admitted.id,
    upstream: to.upstream,
    model: to.model ?? '',
    info: {
      requested: (asked ?? '').slice(0, 200),
      key: identity.id ?? undefined,
      role,
      user: nameOf(header('x-signalbox-user')),
      tags: tags === undefined ? undefined : parseTags(tags),
    },
    limits: identity.limits,
    keyBudget: identity.budget,
    raw: {
      method,
      path: path + new URL(request.url).search,
      headers: { ...forwardable(header, request.headers.keys()), ...(type === '' ? {} : { 'content-type': type }) },
      ...(sent === undefined ? {} : { body: sent }),
      ...(callers ? { callerKey: own.callerKey } : {}),
    },
    signal: departure.signal,
    started: admitted.started,
  };
  try {
    const answer = await forward(work, snapshot, engine.runtime);
    const named = { 'x-signalbox-provider': provider, 'x-signalbox-model': ascii(to.model ?? '') };
    const headers: Record<string, string> = unknown === undefined ? named : withUnknown(named, unknown);
    addReturnable(headers, answer.headers);
    if (isBodiless(answer.status)) for await (const _ of answer.body) continue;
    return toResponse({ status: answer.status, headers, body: answer.body }, departure);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    const target = { model: { id: to.model ?? provider }, upstream: { provider } };
    throw errorOf(error, { target, callers });
  }
}
