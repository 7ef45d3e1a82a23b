import type { Target } from '../decide/targets.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import type { Slot } from '../state/slots.ts';
import type { Passage } from './passage.ts';
import { asFailure } from './body.ts';
import { callUpstream } from './call.ts';
import type { Called } from './called.ts';
import { untracked, type OpenCall } from './health.ts';
import type { Attempt } from './policy.ts';
import type { OpenAttempt } from './settlement.ts';
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

/** The right to call; undefined when it was not granted in time. At once where nothing is limited. */
function slotOf({ need, runtime, request }: Passage, { upstream }: Target, remaining: number) {
  return runtime.memory.slot(upstream, need, { ms: remaining, signal: request.signal });
}

/** Whether a call is made with the caller's own key. */
const isCallers = ({ snapshot }: Passage, { upstream }: Target): boolean =>
  snapshot.providers.get(upstream.provider)?.callerKey === true;

function begin(passage: Passage, { target, key }: Place, slot: Slot): OpenCall {
  const { routed, snapshot, runtime } = passage;
  if (!isKnown(passage, target)) return untracked(slot);
  const local = snapshot.providers.get(target.upstream.provider)?.local === true;
  return runtime.memory.began(target.upstream, key, {
    inputTokens: routed.query.inputTokens,
    local,
    callers: isCallers(passage, target),
    slot,
  });
}

/** The answer's head, and all of it unless it is streamed: an answer which breaks off is a failed attempt like any other. */
async function ask(passage: Passage, place: Place, opened: OpenAttempt, wire: WireEdit, remaining: number) {
  const { request, runtime } = passage;
  const granted = slotOf(passage, place.target, remaining);
  // Awaited only when there is something to wait for.
  const slot = granted instanceof Promise ? await granted : granted;
  if (slot === undefined) {
    throw request.signal.aborted
      ? new UpstreamFailure('gone', 'the client left', { unsent: true })
      : new UpstreamFailure('busy', 'its provider has all the calls that it may have', { unsent: true });
  }
  opened.watched = begin(passage, place, slot);
  const answer = await callUpstream(passage, place.target, place.key, wire, remaining);
  opened.firstByteMs = runtime.clock.elapsed() - opened.started;
  return { answer, bytes: answer.streamed ? undefined : await readBytes(answer) };
}

async function call(passage: Passage, place: Place, wire: WireEdit, remaining: number): Promise<Called> {
  const { runtime, settlement } = passage;
  const { target, key } = place;
  const callers = isCallers(passage, target);
  const opened = settlement.began(target);
  const failed = (failure: UpstreamFailure): Called => {
    settlement.failed(opened, failure);
    return { target, key, callers, opened, failure };
  };
  let asked: Awaited<ReturnType<typeof ask>>;
  try {
    asked = await ask(passage, place, opened, wire, remaining);
  } catch (error) {
    return failed(asFailure(error));
  } finally {
    settlement.waited(runtime.clock.elapsed() - opened.started);
  }
  const { answer, bytes } = asked;
  const whole = bytes === undefined ? undefined : readWhole(bytes, answer, passage, wire.model);
  if (whole instanceof UpstreamFailure) return failed(whole);
  opened.watched?.answered(answer.headers);
  return { target, key, callers, opened, answer, ...(whole === undefined ? {} : { whole }) };
}

/** Calls one target within `remaining` milliseconds; a failure is booked and gives way to the next step. */
export async function attempt(passage: Passage, place: Place, wire: WireEdit, remaining: number): Promise<Called> {
  const called = await call(passage, place, wire, remaining);
  learn(passage, called);
  return called;
}
