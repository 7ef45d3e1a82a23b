import type { Target } from '../decide/targets.ts';
import { SignalboxError } from '../errors.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import { attempt } from './attempt.ts';
import type { Called } from './called.ts';
import type { Passage } from './passage.ts';
import { pause } from './pause.ts';
import { reserveOf } from './reserve.ts';
import { singleChoice } from './single-choice.ts';
import type { WireEdit } from './translate.ts';

/** No upstream answered. */
export interface GivenUp {
  readonly fail: SignalboxError;
  readonly because?: UpstreamFailure;
}

/** How one call is to be made, for the target that the policy chose. */
export type EditOf = (target: Target) => Pick<WireEdit, 'begun'>;

const UNCHANGED: EditOf = () => ({});

/** What the chain may cost, nano-dollars, where `retries.maxCost` limits it. */
function moneyOf({ snapshot, settlement, routed }: Passage) {
  const { maxCost } = snapshot.config.retries;
  return maxCost === undefined
    ? undefined
    : {
        cap: BigInt(Math.round(maxCost * 1e9)),
        spent: settlement.totals().cost,
        reserve: (target: Target) => reserveOf(routed, target),
      };
}

/**
 * Whether the conversation was another's until now: what that one proved to have thought, this target refuses. Proofs hold
 * for a model, and for the provider too where it keeps state.
 */
function hasMoved({ attempts, codec, request, runtime }: Passage, { model, upstream }: Target): boolean {
  const first = attempts[0]?.target;
  if (first !== undefined && first.model.id !== model.id) return true;
  if (first !== undefined && codec.bound !== undefined && first.upstream.provider !== upstream.provider) return true;
  return runtime.memory.step(request, model.id) === 'switch';
}

/** Calls upstreams as the policy says until one answers or the policy gives up. */
export async function callUntilAnswered(passage: Passage, editOf: EditOf = UNCHANGED): Promise<Called | GivenUp> {
  const { routed, attempts, need, snapshot, runtime, request, settlement, deadline, covers } = passage;
  let unpaid: ReadonlySet<Target> | undefined;
  for (;;) {
    const step = singleChoice.next({
      targets: routed.targets,
      attempts,
      remaining: deadline.remaining(),
      retries: snapshot.config.retries,
      money: moneyOf(passage),
      unpaid,
      keys: need.keys,
      key: need.key,
      keyReady: (upstream, key) => runtime.memory.keyReady(upstream, key, need),
      draw: runtime.random,
    });
    if ('fail' in step) return step;
    if ('accept' in step) {
      const last = attempts.at(-1);
      if (last?.answer === undefined) throw new SignalboxError('internal', 'an attempt without an answer was accepted');
      return last;
    }
    const target = routed.targets.find((candidate) => candidate.upstream === step.call);
    if (target === undefined) throw new SignalboxError('internal', 'a policy left the targets');
    const paid = covers(target, settlement.totals().cost ?? 0n);
    if (!(paid instanceof Promise ? await paid : paid)) {
      unpaid = new Set([...(unpaid ?? []), target]);
      continue;
    }
    if (step.after > 0) {
      const began = runtime.clock.elapsed();
      await pause(step.after, request.signal);
      settlement.waited(runtime.clock.elapsed() - began);
    }
    // Its reader may have left meanwhile.
    if (settlement.isOver()) return { fail: new SignalboxError('client_closed') };
    attempts.push(
      await attempt(
        passage,
        { target, key: step.key },
        {
          ...step.body,
          contextWindow: target.model.contextWindow,
          moved: hasMoved(passage, target),
          ...editOf(target),
        },
        deadline.remaining(),
      ),
    );
  }
}
