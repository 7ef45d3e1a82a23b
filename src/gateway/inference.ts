import type { Identity } from '../access/access.ts';
import { SignalboxError } from '../errors.ts';
import { answer } from '../flow/answer.ts';
import { heldBy, recallHolder, type Held } from '../flow/holder.ts';
import { nameOf } from '../flow/names.ts';
import type { AnswerRequest } from '../flow/passage.ts';
import { PROMPTS_HEADER, promptWish } from '../flow/prompts.ts';
import type { Snapshot } from '../flow/snapshot.ts';
import type { Dialect } from '../protocol/chat.ts';
import { forwardable } from '../protocol/headers.ts';
import { parseJson } from '../protocol/json.ts';
import { loadAnswer } from '../protocol/ollama/answers.ts';
import { codecOf } from '../protocol/registry.ts';
import type { CallerSignal } from '../providers/provider.ts';
import { admit } from './admit.ts';
import { callerKeyOf } from './caller-key.ts';
import type { GatewayContext } from './context.ts';
import { corsHeaders } from './cors.ts';
import { failure } from './failure.ts';
import type { Ingress } from './ingress.ts';
import { embedCaller, OLLAMA_EMBED } from './ollama-embed.ts';
import { jsonReply, type Reply } from './reply.ts';
import { isCompacted, isMinor, sessionOf } from './signals.ts';
import { parseTags } from './tags.ts';
import { refuseMisspelt, unknownHeaders, withUnknown } from './unknown-headers.ts';

/** What a request is answered from beside its head. */
export interface Caller {
  /** Reads the body, at most `limit` bytes of it. */
  readonly read: (limit: number) => Promise<Uint8Array>;
  /** Aborts when the caller has left. */
  readonly signal: CallerSignal;
}

function field(parsed: unknown, name: string): unknown {
  return typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
}

/** The body's `model`; without one the request is routed. */
function modelOf(parsed: unknown): string {
  const model = field(parsed, 'model');
  if (typeof model === 'string') return model;
  if (model === undefined || model === null) return '';
  throw new SignalboxError('invalid_request', `model: expected a string, not a value of type ${typeof model}`, {
    param: 'model',
  });
}

/** A routed answer that is gone on with stays with the model that gave it, while it is configured. */
function modelFor(requested: string, held: Held | undefined, { catalog }: Snapshot): string {
  if (held === undefined || !catalog.byId.has(held.model)) return requested;
  return catalog.resolve(requested).kind === 'auto' ? held.model : requested;
}

/** Clients of Ollama ask for a model to be loaded, which is not ours to do: the answer to that; undefined else. */
function loadOf(dialect: Dialect, parsed: unknown, now: number): unknown {
  return dialect === 'ollama' || dialect === 'ollama-generate'
    ? loadAnswer(dialect, parsed, Math.floor(now / 1000))
    : undefined;
}

/**
 * Who keeps what a request goes on with.
 * @throws `invalid_request` when it is another key's: the provider's account, which all keys share, would tell it; or of
 * a caller who brought another key of its own.
 */
async function holderOf(
  { engine }: GatewayContext,
  parsed: unknown,
  caller: Identity,
  scope: string | undefined,
): Promise<Held | undefined> {
  const { state } = engine.runtime;
  await recallHolder(state, parsed);
  const held = heldBy(state, parsed);
  if (held === undefined) return undefined;
  if (held.scope === scope && (caller.admin || held.owner === caller.id)) return held;
  throw new SignalboxError('invalid_request', `this key has no answer or conversation "${held.id.slice(0, 100)}"`, {
    param: 'previous_response_id',
  });
}

async function infer(
  context: GatewayContext,
  dialect: Dialect,
  ingress: Ingress,
  caller: Caller,
  unknown: readonly string[] | undefined,
): Promise<Reply> {
  const { engine, access } = context;
  const waits = access.waitsFor(ingress.header);
  if (waits !== undefined) await waits;
  const admitted = admit(context, ingress, 'inference');
  if (unknown !== undefined) refuseMisspelt(unknown);
  const { header, identity } = admitted;
  const snapshot = engine.snapshot();
  const { clock } = engine.runtime;
  const reading = clock.elapsed();
  const body = await caller.read(snapshot.config.server.maxBody);
  ingress.waited = clock.elapsed() - reading;
  const parsed = parseJson(body);
  const loaded = loadOf(dialect, parsed, clock.now());
  if (loaded !== undefined) return jsonReply(200, { 'x-signalbox-request-id': admitted.id }, loaded);
  const requested = modelOf(parsed);
  const own = callerKeyOf(context, header, snapshot);
  const held =
    dialect === 'openai-responses' ? await holderOf(context, parsed, identity, own.callerKey?.scope) : undefined;
  const tags = header('x-signalbox-tags');
  const work: AnswerRequest = {
    id: admitted.id,
    dialect,
    parsed,
    body,
    stream: codecOf(dialect).streams(parsed),
    wishes: {
      model: modelFor(requested, held, snapshot),
      // Whoever speaks Ollama names models of Ollama's library.
      sameModel: dialect === 'openai-embeddings',
      routeUnknown: dialect === 'ollama' || dialect === 'ollama-generate',
      pathRole: admitted.role,
      headerRole: header('x-signalbox-role'),
      strategy: header('x-signalbox-strategy'),
      minor: isMinor(header),
      keyModels: identity.models,
      keyRoles: identity.roles,
    },
    session: sessionOf(header),
    compacted: isCompacted(header),
    key: identity.id ?? undefined,
    ...own,
    limits: identity.limits,
    keyBudget: identity.budget,
    tags: tags === undefined ? undefined : parseTags(tags),
    held,
    info: {
      requested: requested.slice(0, 200),
      user: nameOf(header('x-signalbox-user')),
    },
    headers: forwardable(header, ingress.headerNames()),
    cache: header('x-signalbox-cache'),
    prompts: promptWish(header(PROMPTS_HEADER), PROMPTS_HEADER),
    explain: header('x-signalbox-explain') === 'true',
    signal: caller.signal,
    started: admitted.started,
    waited: ingress.waited,
  };
  const { head, body: bytes } = await answer(work, snapshot, engine.runtime);
  return { ...head, body: bytes };
}

/** Everything about an inference request but how it comes and goes: the guard, the answer or the error, CORS. */
export async function inference(
  context: GatewayContext,
  dialect: Dialect,
  ingress: Ingress,
  caller: Caller,
): Promise<Reply> {
  const embeds = OLLAMA_EMBED.has(ingress.path) ? embedCaller(caller, ingress.path) : undefined;
  const unknown = unknownHeaders(ingress.headerNames());
  const given = await infer(context, dialect, ingress, embeds?.caller ?? caller, unknown).catch((error: unknown) =>
    failure(context, error, ingress),
  );
  const translated = embeds?.reply(given) ?? given;
  const reply =
    unknown === undefined ? translated : { ...translated, headers: withUnknown(translated.headers, unknown) };
  const cors = corsHeaders(context, ingress, Object.keys(reply.headers));
  return cors === undefined ? reply : { ...reply, headers: { ...reply.headers, ...cors } };
}
