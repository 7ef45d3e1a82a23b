import type { Intent, NanoUsd } from '../ledger/record.ts';
import type { AnswerRequest } from './passage.ts';
import { recordOf, type Routed } from './route.ts';
import type { Runtime } from './runtime.ts';

/** What is written before a request is answered; `reserve` is the most that it can cost. */
export function intentOf(
  request: AnswerRequest,
  { decision }: Routed,
  reserve: NanoUsd | null,
  { clock }: Pick<Runtime, 'clock'>,
): Intent {
  return {
    kind: 'intent',
    id: request.id,
    at: clock.now(),
    request: {
      ...request.info,
      tags: request.tags,
      dialect: request.dialect,
      stream: request.stream,
      role: decision.role,
      session: request.session,
      key: request.key,
    },
    decision: recordOf(decision),
    reserve,
  };
}
