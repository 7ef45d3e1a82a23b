import type { Target } from '../decide/targets.ts';
import type { Seen } from '../protocol/tap.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import type { Called } from './called.ts';
import { callUntilAnswered, type EditOf, type GivenUp } from './chain.ts';
import { createSplice, type ContinuationMode } from './continuation.ts';
import { createLeg } from './leg.ts';
import type { Passage } from './passage.ts';
import type { Leg } from './relay.ts';
import type { Snapshot } from './snapshot.ts';

/** Books how an upstream's part of the answer ended. */
export type Trailer = (called: Called, seen: Seen) => unknown;

/** Which upstreams go on with an assistant's message: those whose provider can, until one of them refuses. */
function createModes({ providers }: Snapshot) {
  const refused = new Set<string>();
  return {
    of({ upstream }: Target): ContinuationMode {
      const able = providers.get(upstream.provider)?.prefill === true;
      return able && !refused.has(upstream.id) ? 'prefill' : 'restart';
    },
    refuse: ({ upstream }: Target) => refused.add(upstream.id),
  };
}

/** What lets another upstream go on with a streamed answer that broke off. */
export function createTakeOver(passage: Passage, trailer: Trailer) {
  const { settlement, snapshot, attempts, deadline } = passage;
  const modes = createModes(snapshot);

  const next = async (said: string): Promise<Called | GivenUp> => {
    const prefills = (target: Target) => said !== '' && modes.of(target) === 'prefill';
    // Providers refuse a beginning that ends in white space.
    const begun = said.trimEnd();
    const editOf: EditOf = (target) => (begun !== '' && prefills(target) ? { begun } : {});
    for (;;) {
      const called = await callUntilAnswered(passage, editOf);
      const last = attempts.at(-1);
      const refused =
        'fail' in called && last?.failure?.failure === 'request' && last.begun !== true && prefills(last.target);
      if (!refused) return called;
      // The beginning that we put into the request is not the caller's fault: it is asked for anew, without.
      modes.refuse(last.target);
      attempts.pop();
    }
  };

  return async (
    failure: UpstreamFailure,
    leg: Leg,
    broken: Called,
  ): Promise<{ leg: Leg; called: Called } | UpstreamFailure> => {
    const { position: resume } = leg.tap;
    const { said, toolCalls, open } = resume;
    const usage = settlement.cut(broken.opened, {
      seen: leg.tap.seen,
      status: broken.answer?.status ?? 200,
      failure,
    });
    // Half a tool call cannot be taken back, and what is too long was not kept.
    if (said === undefined || toolCalls > 0 || open === 'tool-call') return failure;
    const { answer: _gone, whole: _none, ...call } = broken;
    attempts[attempts.length - 1] = { ...call, failure, begun: true };
    deadline.runs();
    const called = await next(said);
    deadline.stands();
    if ('fail' in called) return failure;
    const { answer, whole } = called;
    if (answer === undefined) return failure;
    if (whole !== undefined) {
      // One piece where a stream was asked for: paid for, and not joined to what the caller has.
      settlement.cut(called.opened, { seen: whole.seen, status: answer.status, failure });
      return failure;
    }
    const filter = createSplice({ said, mode: modes.of(called.target), usage });
    return {
      called,
      leg: createLeg(passage, called, answer, (seen) => trailer(called, seen), { resume, filter }),
    };
  };
}
