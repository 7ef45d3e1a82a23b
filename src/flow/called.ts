import type { UpstreamAnswer } from '../providers/provider.ts';
import type { Attempt } from './policy.ts';
import type { OpenAttempt } from './settlement.ts';
import type { Whole } from './whole.ts';

/** One upstream call that has ended, and its answer. */
export interface Called extends Attempt {
  readonly opened: OpenAttempt;
  readonly answer?: UpstreamAnswer;
  /** Set unless it is streamed. */
  readonly whole?: Whole;
}
