import { SignalboxError } from '../errors.ts';
import type { Dialect } from '../protocol/chat.ts';
import type { EncoderOptions } from '../protocol/codec.ts';
import { list } from '../protocol/guards.ts';
import { patchRequest, type FieldEdit } from '../protocol/patch.ts';
import { codecOf } from '../protocol/registry.ts';
import { UpstreamFailure, type Provider } from '../providers/provider.ts';
import { continued } from './continuation.ts';
import type { Passage } from './passage.ts';

/** A request in the dialect of one provider. */
export interface Translated {
  readonly dialect: Dialect;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What changes in a request for one call. */
export interface WireEdit {
  /** The model's name at the upstream. */
  readonly model: string;
  /** The conversation was another model's until now. */
  readonly moved?: boolean;
  /** Of the model, tokens. */
  readonly contextWindow?: number | undefined;
  /** The answer has begun so, and is to be gone on with; ends in no white space. */
  readonly begun?: string;
}

/** Headers that mean something to one vendor alone. */
const isVendors = (name: string): boolean => name.startsWith('openai-') || name.startsWith('anthropic-');

function neutralHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isVendors(name)));
}

function rendered(passage: Passage, dialect: Dialect, { model, contextWindow, begun }: WireEdit) {
  const { chat, request, routed, warnings } = passage;
  const about = {
    inputTokens: routed.query.inputTokens,
    ...(contextWindow === undefined ? {} : { contextWindow }),
  };
  try {
    const asked = begun === undefined ? chat() : continued(chat(), begun);
    const { body, lost } = codecOf(dialect).render({ ...asked, model, stream: request.stream }, about);
    for (const path of lost) warnings.add(`dropped:${path}`);
    return body;
  } catch (error) {
    // What the provider's dialect cannot say at all is the caller's to change.
    if (SignalboxError.is(error) && error.status === 400) {
      throw new UpstreamFailure('request', error.message, { unsent: true, cause: error });
    }
    throw error;
  }
}

/** What changes in the caller's own bytes. */
function editsOf({ request, warnings }: Passage, { moved, begun }: WireEdit): FieldEdit[] {
  const { forget, disown, goOn } = codecOf(request.dialect);
  // What we wrote for another provider's thoughts, no provider knows.
  const replaced = moved === true ? forget?.(request.parsed) : disown?.(request.parsed);
  if (moved === true && replaced !== undefined) warnings.add('dropped:reasoning');
  const edits = new Map((replaced ?? []).map((edit) => [edit.field, edit]));
  for (const edit of begun === undefined ? [] : (goOn?.(request.parsed, begun) ?? [])) {
    const { field, append } = edit;
    const known = edits.get(field);
    const both = known !== undefined && append !== undefined;
    edits.set(field, both ? { field, value: [...list(known.value), append] } : edit);
  }
  return [...edits.values()];
}

/**
 * The request for one provider. A dialect that it speaks itself: the caller's bytes with `model` (and
 * `stream_options`) patched in place. Another one: through the neutral request, with a warning for each loss.
 * @throws UpstreamFailure `request` for what the provider's dialect cannot say.
 */
export function translateRequest(passage: Passage, provider: Provider, wire: WireEdit): Translated {
  const { request } = passage;
  const { dialect, headers } = request;
  const speaks = provider.dialects.includes(dialect);
  if (speaks && (wire.begun === undefined || codecOf(dialect).goOn !== undefined)) {
    const includeUsage = request.stream && provider.streamUsage && dialect === 'openai-chat';
    const patch = { model: wire.model, includeUsage, edits: editsOf(passage, wire) };
    return { dialect, headers, body: patchRequest(request.body, patch) };
  }
  const [own = dialect] = speaks ? [dialect] : provider.dialects;
  const body = rendered(passage, own, wire);
  return { dialect: own, body, headers: own === dialect ? headers : neutralHeaders(headers) };
}

/** What a translated answer is told with where the upstream does not say it. */
export function writerOptionsOf({ request, routed, codec, runtime }: Passage, model: string): EncoderOptions {
  return {
    id: request.id,
    model,
    createdAt: Math.floor(runtime.clock.now() / 1000),
    inputTokens: routed.query.inputTokens,
    includeUsage: codec.asksForUsage(request.parsed),
    requested: request.info.requested,
    reasoning: routed.query.needs.has('reasoning'),
    elapsed: () => runtime.clock.elapsed() - request.started,
  };
}
