import type { Codec } from '../protocol/codec.ts';
import type { Seen } from '../protocol/tap.ts';
import { failureInside } from '../providers/classify.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';

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

/** Parses a 2xx answer, once: for its usage, and for an error or half an answer that came with that status. */
export function readWhole(
  bytes: Uint8Array,
  { status, redact }: Pick<UpstreamAnswer, 'status' | 'redact'>,
  codec: Codec,
): Whole | UpstreamFailure {
  const seen = codec.seenWhole(bytes);
  if (seen.failed !== undefined) return failureInside(seen.failed, redact);
  return seen.malformed > 0 ? new UpstreamFailure('sick', 'the answer is not valid JSON', { status }) : { bytes, seen };
}
