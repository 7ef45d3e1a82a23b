import { codecOf } from '../protocol/registry.ts';
import type { Seen } from '../protocol/tap.ts';
import { createTranscoder } from '../protocol/transcoder.ts';
import type { Usage } from '../protocol/chat.ts';
import { failureInside } from '../providers/classify.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import type { Called } from './called.ts';
import { callUntilAnswered, type EditOf, type GivenUp } from './chain.ts';
import { continued, createSplice, type ContinuationMode } from './continuation.ts';
import type { Passage } from './passage.ts';
import type { Leg } from './relay.ts';
import { writerOptionsOf } from './translate.ts';

/** Books how an upstream's part of the answer ended. */
export type Trailer = (called: Called, seen: Seen) => unknown;

/** Which upstreams go on with an assistant's message: those whose provider can, until one of them refuses. */
function createModes({ snapshot, routed }: Passage) {
  const refused = new Set<string>();
  return {
    of(upstream: string): ContinuationMode {
      const target = routed.targets.find((candidate) => candidate.upstream.id === upstream);
      const provider = snapshot.providers.get(target?.upstream.provider ?? '');
      return provider?.prefill === true && !refused.has(upstream) ? 'prefill' : 'restart';
    },
    refuse: (upstream: string) => refused.add(upstream),
  };
}

/** What lets another upstream go on with a streamed answer that broke off. */
export function createTakeOver(passage: Passage, trailer: Trailer) {
  const { settlement, snapshot, codec, attempts, runtime } = passage;
  const modes = createModes(passage);

  const next = async (said: string): Promise<Called | GivenUp> => {
    const begun = runtime.clock.elapsed();
    // The caller has a part of the answer: the chain's deadline has been met, and the rest has one of its own.
    const remaining = () => begun + snapshot.config.timeouts.total - runtime.clock.elapsed();
    const prefills = (upstream: string) => said !== '' && modes.of(upstream) === 'prefill';
    const editOf: EditOf = ({ upstream }) => (prefills(upstream) ? { edit: (chat) => continued(chat, said) } : {});
    for (;;) {
      const called = await callUntilAnswered(passage, remaining, editOf);
      const last = attempts.at(-1);
      const refused =
        'fail' in called &&
        last?.failure?.failure === 'request' &&
        last.begun !== true &&
        prefills(last.target.upstream.id);
      if (!refused) return called;
      // The beginning that we put into the request is not the caller's fault: it is asked for anew, without.
      modes.refuse(last.target.upstream.id);
      attempts.pop();
    }
  };

  return async (
    failure: UpstreamFailure,
    leg: Leg,
    broken: Called,
  ): Promise<{ leg: Leg; called: Called } | UpstreamFailure> => {
    const { said, toolCalls, open } = leg.tap.position;
    const usage: Usage = settlement.cut(broken.opened, {
      seen: leg.tap.seen,
      status: broken.answer?.status ?? 200,
      failure,
    });
    // Half a tool call cannot be taken back, and what is too long was not kept.
    if (said === undefined || toolCalls > 0 || open === 'tool-call') return failure;
    const { answer: _gone, whole: _none, ...call } = broken;
    attempts[attempts.length - 1] = { ...call, failure, begun: true };
    const called = await next(said);
    if ('fail' in called) return failure;
    const { answer, whole } = called;
    if (answer === undefined) return failure;
    if (whole !== undefined) {
      // One piece where a stream was asked for: paid for, and not joined to what the caller has.
      settlement.cut(called.opened, { seen: whole.seen, status: answer.status, failure });
      return failure;
    }
    const mode = modes.of(called.target.upstream.id);
    const tap = createTranscoder({
      from: codecOf(answer.dialect),
      to: codec,
      writer: { ...writerOptionsOf(passage, called.target.upstream.name), resume: leg.tap.position },
      filter: createSplice({ said, mode, usage }),
      redact: answer.redact,
      trailer: (seen) => trailer(called, seen),
    });
    return {
      called,
      leg: { upstream: answer.body, tap, failureOf: (inside) => failureInside(inside, answer.redact) },
    };
  };
}
