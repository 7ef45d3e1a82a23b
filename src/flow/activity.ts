import { strategyName } from '../decide/strategy.ts';
import { isEstimated } from '../ledger/estimated.ts';
import { usdOf } from '../ledger/money.ts';
import type { Feedback, Intent, Outcome, OutcomeStatus } from '../ledger/record.ts';
import { roundedMs } from '../rounded.ts';
import type { Runtime } from './runtime.ts';

/** One request in a line: what lists and live events show. */
export interface Activity {
  readonly id: string;
  readonly decisionId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly requested: string;
  readonly model: string;
  readonly provider: string | null;
  readonly role: string | null;
  readonly session: string | null;
  readonly dialect: string;
  readonly stream: boolean;
  readonly strategy: string;
  readonly reasonCode: string;
  readonly reason: string;
  readonly confidence: number;
  readonly status: OutcomeStatus | 'open';
  readonly httpStatus: number | null;
  readonly errorCode: string | null;
  readonly costUsd: number | null;
  /** Counterfactual: the same tokens on the default model. */
  readonly baselineCostUsd: number | null;
  readonly savingsUsd: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Tokens or cost are in part our estimate. */
  readonly estimated: boolean;
  readonly ms: number | null;
  readonly firstByteMs: number | null;
  readonly overheadMs: number | null;
  readonly attempts: number;
  readonly fallback: boolean;
  /** The answer was made for another request. */
  readonly cached: boolean;
  readonly simulated: boolean;
  /** Latest feedback, 0..1. */
  readonly score: number | null;
}

const msOf = (ms: number | null | undefined): number | null => (ms === null || ms === undefined ? null : roundedMs(ms));

/** The line of a request; while it is open its outcome is missing. */
export function activityOf(intent: Intent, outcome?: Outcome, feedback: readonly Feedback[] = []): Activity {
  const { decision, request } = intent;
  const cost = outcome?.cost ?? null;
  const baseline = outcome?.baselineCost ?? null;
  return {
    id: intent.id,
    decisionId: decision.id,
    at: intent.at,
    requested: request.requested,
    model: outcome?.model ?? decision.chosen,
    provider: outcome?.provider ?? null,
    role: request.role ?? null,
    session: request.session ?? null,
    dialect: request.dialect,
    stream: request.stream,
    strategy: strategyName(decision.strategy),
    reasonCode: decision.reasonCode,
    reason: decision.reason,
    confidence: decision.confidence,
    status: outcome?.status ?? 'open',
    httpStatus: outcome?.httpStatus ?? null,
    errorCode: outcome?.errorCode ?? null,
    costUsd: usdOf(cost),
    baselineCostUsd: usdOf(baseline),
    savingsUsd: cost === null || baseline === null ? null : usdOf(baseline - cost),
    inputTokens: outcome?.usage?.input ?? null,
    outputTokens: outcome?.usage?.output ?? null,
    estimated: outcome !== undefined && isEstimated(outcome),
    ms: msOf(outcome?.ms),
    firstByteMs: msOf(outcome?.firstByteMs),
    overheadMs: msOf(outcome?.overheadMs),
    attempts: outcome?.attempts.length ?? 0,
    fallback: outcome?.cached !== true && outcome?.model !== undefined && outcome.model !== decision.chosen,
    cached: outcome?.cached === true,
    simulated: outcome?.attempts.some((attempt) => attempt.simulated === true) ?? false,
    score: feedback.at(-1)?.score ?? null,
  };
}

/** Tells the page, the metrics and later reads how a request ended. */
export function publishOutcome(
  intent: Intent,
  outcome: Outcome,
  { recent, metrics, state }: Pick<Runtime, 'recent' | 'metrics' | 'state'>,
): void {
  recent.settled(outcome);
  const activity = activityOf(intent, outcome);
  metrics.request(activity);
  state.publish('requests', activity);
}
