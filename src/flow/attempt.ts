import type { Target } from '../decide/targets.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';
import type { Passage } from './passage.ts';
import { asFailure } from './body.ts';
import { callUpstream } from './call.ts';
import { coolDownOf } from './cool-down.ts';
import type { Called } from './called.ts';
import type { WireEdit } from './translate.ts';
import { readBytes, readWhole } from './whole.ts';

/** What later decisions may learn from a call. Only of configured models: callers can make names up. */
function learn({ snapshot, runtime }: Passage, called: Called): void {
  const { target, opened, failure, whole } = called;
  if (!snapshot.catalog.byId.has(target.model.id)) return;
  // A whole answer's first byte is its last: it tells nothing about a first token.
  if (failure === undefined) {
    if (whole === undefined && opened.firstByteMs !== undefined) {
      runtime.memory.observeFirstToken(target.upstream.id, opened.firstByteMs);
    }
    return;
  }
  const coolDown = coolDownOf(failure);
  if (coolDown !== undefined) runtime.memory.coolDown(target.upstream.id, coolDown);
}

async function call(passage: Passage, target: Target, wire: WireEdit, remaining: number): Promise<Called> {
  const { runtime, settlement } = passage;
  const opened = settlement.began(target);
  const failed = (failure: UpstreamFailure): Called => {
    settlement.failed(opened, failure);
    return { target, opened, failure };
  };
  let answer: UpstreamAnswer;
  let bytes: Uint8Array | undefined;
  try {
    answer = await callUpstream(passage, target, wire, remaining);
    opened.firstByteMs = runtime.clock.elapsed() - opened.started;
    // Read here, so that an answer which breaks off is a failed attempt like any other.
    if (!answer.streamed) bytes = await readBytes(answer);
  } catch (error) {
    return failed(asFailure(error));
  } finally {
    settlement.waited(runtime.clock.elapsed() - opened.started);
  }
  if (bytes === undefined) return { target, opened, answer };
  const whole = readWhole(bytes, answer, passage, wire.model);
  return whole instanceof UpstreamFailure ? failed(whole) : { target, opened, answer, whole };
}

/** Calls one target within `remaining` milliseconds; a failure is booked and gives way to the next step. */
export async function attempt(passage: Passage, target: Target, wire: WireEdit, remaining: number): Promise<Called> {
  const called = await call(passage, target, wire, remaining);
  learn(passage, called);
  return called;
}
