import type { Target } from '../decide/targets.ts';
import { UpstreamFailure, type UpstreamAnswer } from '../providers/provider.ts';
import type { Passage } from './passage.ts';
import { asFailure } from './body.ts';
import { callUpstream } from './call.ts';
import type { Called } from './called.ts';
import { untracked, type OpenCall } from './health.ts';
import type { Attempt } from './policy.ts';
import type { WireEdit } from './translate.ts';
import { readBytes, readWhole } from './whole.ts';

/** Where a call goes: the target, and which of its provider's keys. */
type Place = Pick<Attempt, 'target' | 'key'>;

/** Only configured models are learnt from: callers can make names up. */
const isKnown = ({ snapshot }: Passage, { model }: Target): boolean => snapshot.catalog.byId.has(model.id);

/** What later decisions may learn from an answer. */
function learn(passage: Passage, { target, opened, failure, whole }: Called): void {
  // A whole answer's first byte is its last: it tells nothing about a first token.
  if (failure !== undefined || whole !== undefined || opened.firstByteMs === undefined) return;
  if (isKnown(passage, target)) passage.runtime.memory.observeFirstToken(target.upstream.id, opened.firstByteMs);
}

function begin(passage: Passage, target: Target, key: number): OpenCall {
  const { routed, snapshot, runtime } = passage;
  if (!isKnown(passage, target)) return untracked();
  const local = snapshot.providers.get(target.upstream.provider)?.local === true;
  return runtime.memory.began(target.upstream, key, { inputTokens: routed.query.inputTokens, local });
}

async function call(passage: Passage, { target, key }: Place, wire: WireEdit, remaining: number): Promise<Called> {
  const { runtime, settlement } = passage;
  const opened = settlement.began(target);
  const watched = begin(passage, target, key);
  const failed = (failure: UpstreamFailure): Called => {
    watched.ended(failure);
    settlement.failed(opened, failure);
    return { target, key, opened, failure };
  };
  let answer: UpstreamAnswer;
  let bytes: Uint8Array | undefined;
  try {
    answer = await callUpstream(passage, target, key, wire, remaining);
    opened.firstByteMs = runtime.clock.elapsed() - opened.started;
    // Read here, so that an answer which breaks off is a failed attempt like any other.
    if (!answer.streamed) bytes = await readBytes(answer);
  } catch (error) {
    return failed(asFailure(error));
  } finally {
    settlement.waited(runtime.clock.elapsed() - opened.started);
  }
  if (bytes === undefined) {
    watched.answered(answer.headers);
    watched.ended();
    return { target, key, opened, answer };
  }
  const whole = readWhole(bytes, answer, passage, wire.model);
  if (whole instanceof UpstreamFailure) return failed(whole);
  watched.answered(answer.headers);
  watched.ended();
  return { target, key, opened, answer, whole };
}

/** Calls one target within `remaining` milliseconds; a failure is booked and gives way to the next step. */
export async function attempt(passage: Passage, place: Place, wire: WireEdit, remaining: number): Promise<Called> {
  const called = await call(passage, place, wire, remaining);
  learn(passage, called);
  return called;
}
