import type { ChatEvent } from '../protocol/chat.ts';
import { codecOf } from '../protocol/registry.ts';
import type { Position, Seen, Tap } from '../protocol/tap.ts';
import { createTranscoder } from '../protocol/transcoder.ts';
import { failureInside } from '../providers/classify.ts';
import type { UpstreamAnswer } from '../providers/provider.ts';
import type { Called } from './called.ts';
import type { Passage } from './passage.ts';
import type { Leg } from './relay.ts';
import { writerOptionsOf } from './translate.ts';

/** How an answer goes on with another. */
export interface GoingOn {
  /** How far the caller's answer has come. */
  readonly resume: Position;
  /** Joins the new events to what was told. */
  readonly filter: (event: ChatEvent) => readonly ChatEvent[];
}

/** Bytes pass while an upstream speaks the caller's dialect and the answer is its own from the start; else they are written anew. */
function tapOf(
  passage: Passage,
  { target }: Called,
  { dialect, redact }: UpstreamAnswer,
  trailer: (seen: Seen) => unknown,
  goingOn: GoingOn | undefined,
): Tap {
  const { codec, request } = passage;
  if (goingOn === undefined && dialect === codec.dialect) {
    const answers = codec.answersWanted?.(request.parsed);
    return codec.tap({ strip: !codec.asksForUsage(request.parsed), answers, redact, trailer });
  }
  const options = writerOptionsOf(passage, target.upstream.name);
  return createTranscoder({
    from: codecOf(dialect),
    to: codec,
    writer: goingOn === undefined ? options : { ...options, resume: goingOn.resume },
    ...(goingOn === undefined ? {} : { filter: goingOn.filter }),
    redact,
    trailer,
  });
}

/** One upstream's part of a streamed answer, in the caller's dialect. */
export function createLeg(
  passage: Passage,
  called: Called,
  answer: UpstreamAnswer,
  trailer: (seen: Seen) => unknown,
  goingOn?: GoingOn,
): Leg {
  return {
    upstream: answer.body,
    tap: tapOf(passage, called, answer, trailer, goingOn),
    failureOf: (inside) => failureInside(inside, answer.redact),
  };
}
