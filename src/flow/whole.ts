import type { ChatEvent } from '../protocol/chat.ts';
import type { EventWriter } from '../protocol/codec.ts';
import { codecOf } from '../protocol/registry.ts';
import { seenOf } from '../protocol/seen.ts';
import type { Seen } from '../protocol/tap.ts';
import { failureInside } from '../providers/classify.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';
import type { Passage } from './passage.ts';
import { writerOptionsOf } from './translate.ts';

/** An answer that is not streamed, and what it tells. */
export interface Whole {
  readonly bytes: Uint8Array;
  readonly seen: Seen;
}

/** All bytes of an answer. */
export async function readBytes({ whole, body }: UpstreamAnswer): Promise<Uint8Array> {
  if (whole !== undefined) return whole;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** The answer as the caller's dialect says it. */
function translated(bytes: Uint8Array, { dialect }: UpstreamAnswer, passage: Passage, model: string): Whole {
  const { codec, request } = passage;
  if (dialect === codec.dialect && !request.stream) return { bytes, seen: codec.seenWhole(bytes) };
  const events = codecOf(dialect).readWhole(bytes);
  const seen = seenOf(events);
  if (seen.failed !== undefined || seen.malformed > 0) return { bytes, seen };
  const options = writerOptionsOf(passage, model);
  return { bytes: request.stream ? streamOf(events, codec.writer(options)) : codec.writeWhole(events, options), seen };
}

/** All of a stream: some providers answer in one piece whatever they are asked for. */
function streamOf(events: readonly ChatEvent[], writer: EventWriter): Uint8Array {
  const parts = [...events.map((event) => writer.write(event)), writer.end()];
  return Buffer.concat(parts.filter((part) => part !== undefined));
}

/** Parses a 2xx answer: for its usage, for an error or half an answer that came with that status, and to translate it. */
export function readWhole(
  bytes: Uint8Array,
  answer: UpstreamAnswer,
  passage: Passage,
  model: string,
): Whole | UpstreamFailure {
  const whole = translated(bytes, answer, passage, model);
  const { failed, malformed, finishReason, chars } = whole.seen;
  const sick = (what: string) => new UpstreamFailure('sick', what, { status: answer.status });
  if (failed !== undefined) return failureInside(failed, answer.redact);
  if (malformed > 0) return sick('the answer is not valid JSON');
  return finishReason === undefined && chars === 0 ? sick('there is no answer in the answer') : whole;
}
