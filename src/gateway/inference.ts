import { answer, type AnswerRequest } from '../flow/answer.ts';
import type { Dialect } from '../protocol/chat.ts';
import { forwardable } from '../protocol/headers.ts';
import { parseJson } from '../protocol/json.ts';
import type { GatewayContext, GatewayEnv } from './context.ts';
import { readBody } from './request-body.ts';
import { responseBody } from './stream-bridge.ts';
import { parseTags } from './tags.ts';

function field(parsed: unknown, name: string): unknown {
  return typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
}

/** Answers one inference request in its own dialect. */
export async function infer(
  context: GatewayContext,
  dialect: Dialect,
  request: Request,
  env: GatewayEnv['Bindings'],
): Promise<Response> {
  const { engine } = context;
  const { admitted } = env;
  const { header, identity, role: pathRole } = admitted;
  const snapshot = engine.snapshot();
  const { clock } = engine.runtime;
  const reading = clock.elapsed();
  const body = await readBody(request, env.incoming, snapshot.config.server.maxBody);
  const waited = clock.elapsed() - reading;
  const parsed = parseJson(body);
  const model = field(parsed, 'model');
  const requested = typeof model === 'string' ? model : '';
  const headerRole = header('x-signalbox-role');
  const strategy = header('x-signalbox-strategy');
  const session = header('x-signalbox-session');
  const user = header('x-signalbox-user');
  const tags = header('x-signalbox-tags');
  const work: AnswerRequest = {
    id: admitted.id,
    dialect,
    parsed,
    body,
    stream: field(parsed, 'stream') === true,
    wishes: {
      model: requested,
      ...(pathRole === undefined ? {} : { pathRole }),
      ...(headerRole === undefined ? {} : { headerRole }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(identity.models === undefined ? {} : { keyModels: identity.models }),
      ...(identity.roles === undefined ? {} : { keyRoles: identity.roles }),
    },
    ...(session === undefined ? {} : { session: session.slice(0, 200) }),
    info: {
      requested: requested.slice(0, 200),
      ...(identity.id === null ? {} : { key: identity.id }),
      ...(user === undefined ? {} : { user: user.slice(0, 200) }),
      ...(tags === undefined ? {} : { tags: parseTags(tags) }),
    },
    headers: forwardable(header),
    explain: header('x-signalbox-explain') === 'true',
    signal: request.signal,
    started: admitted.started,
    waited,
  };
  const { head, body: bytes } = await answer(work, snapshot, engine.runtime);
  return new Response(responseBody(bytes), { status: head.status, headers: head.headers });
}
