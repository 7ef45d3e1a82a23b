import type { ChatEvent } from '../protocol/chat.ts';
import type { EventWriter } from '../protocol/codec.ts';
import { codecOf } from '../protocol/registry.ts';
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
  const from = codecOf(dialect);
  const seen = from.seenWhole(bytes);
  const same = dialect === codec.dialect && !request.stream;
  if (same || seen.failed !== undefined || seen.malformed > 0) return { bytes, seen };
  const events = from.readWhole(bytes);
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
  const { failed, malformed } = whole.seen;
  if (failed !== undefined) return failureInside(failed, answer.redact);
  const { finishReason, chars } = whole.seen;
  if (malformed === 0 && finishReason === undefined && chars === 0) {
    return new UpstreamFailure('sick', 'there is no answer in the answer', { status: answer.status });
  }
  return malformed > 0 ? new UpstreamFailure('sick', 'the answer is not valid JSON', { status: answer.status }) : whole;
}
