import type { LanguageModelV3StreamPart } from '@ai-sdk/provider';
import type { ChatEvent } from '../../protocol/chat.ts';
import type { Codec, EncoderOptions } from '../../protocol/codec.ts';
import { UpstreamFailure } from '../provider.ts';
import type { CallWatch } from '../watch.ts';
import { createPartReader } from './answer.ts';
import { failureOf, type FailureReader } from './failure.ts';
import { unlessEnded } from './unless-ended.ts';

/** How a stream of parts is read and written. */
export interface StreamWork {
  readonly codec: Codec;
  readonly encoder: EncoderOptions;
  readonly watch: CallWatch;
  readonly failures: FailureReader;
  /** Sees every part. */
  readonly look: (part: LanguageModelV3StreamPart) => void;
  /** The stream has ended or was left. */
  readonly end: () => void;
}

/** A stream of parts in a dialect's bytes. Throws UpstreamFailure for an error part and for a stream that breaks. */
export async function* streamBytes(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  { codec, encoder, watch, failures, look, end }: StreamWork,
): AsyncGenerator<Uint8Array> {
  const parts = stream.getReader();
  const read = createPartReader();
  const writer = codec.writer(encoder);
  const write = (events: readonly ChatEvent[]) => events.flatMap((event) => writer.write(event) ?? []);
  let finished = false;
  try {
    for (;;) {
      const { done, value: part } = await unlessEnded(parts.read(), watch);
      if (done) break;
      if (part.type === 'error') throw failureOf(part.error, failures);
      look(part);
      finished ||= part.type === 'finish';
      yield* write(read(part));
    }
    if (!finished) throw new UpstreamFailure('sick', 'the stream ended before its finish');
    const last = writer.end();
    if (last !== undefined) yield last;
  } catch (error) {
    throw watch.reason() ?? failureOf(error, failures);
  } finally {
    end();
    // Nobody waits for a package to close.
    parts.cancel().catch(() => {});
  }
}
