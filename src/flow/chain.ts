import { SignalboxError } from '../errors.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import { attempt } from './attempt.ts';
import type { Called } from './called.ts';
import type { Passage } from './passage.ts';
import { singleChoice } from './policy.ts';
import type { WireEdit } from './translate.ts';

/** No upstream answered. */
export interface GivenUp {
  readonly fail: SignalboxError;
  readonly because?: UpstreamFailure;
}

/** How one call is to be made, for the target that the policy chose. */
export type EditOf = (called: { readonly upstream: string }) => Pick<WireEdit, 'edit'>;

const UNCHANGED: EditOf = () => ({});

/** Calls upstreams as the policy says until one answers or the policy gives up. `remaining` = milliseconds left. */
export async function callUntilAnswered(
  passage: Passage,
  remaining: () => number,
  editOf: EditOf = UNCHANGED,
): Promise<Called | GivenUp> {
  const { routed, attempts } = passage;
  for (;;) {
    const left = remaining();
    const step = singleChoice.next({ targets: routed.targets, attempts, remaining: left });
    if ('fail' in step) return step;
    if ('accept' in step) {
      const last = attempts.at(-1);
      if (last?.answer === undefined) throw new SignalboxError('internal', 'an attempt without an answer was accepted');
      return last;
    }
    const target = routed.targets.find((candidate) => candidate.upstream === step.call);
    if (target === undefined) throw new SignalboxError('internal', 'a policy left the targets');
    attempts.push(
      await attempt(
        passage,
        target,
        {
          ...step.body,
          contextWindow: target.model.contextWindow,
          moved: passage.runtime.memory.step(passage.request, target.model.id) === 'switch',
          ...editOf({ upstream: step.call.id }),
        },
        left,
      ),
    );
  }
}
