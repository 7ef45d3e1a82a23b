import { namedModel } from '../catalog/model.ts';
import { choose } from './choose.ts';
import type { Decision, Estimate } from './decision.ts';

/** A decision as it was recorded: models by id. */
export interface RecordedDecision extends Omit<Decision, 'ranking'> {
  readonly ranking: readonly (Omit<Estimate, 'model'> & { readonly model: string })[];
}

/** What choosing again gave. */
export interface Replay {
  readonly decisionId: string;
  readonly recorded: string;
  readonly chosen: string;
  readonly same: boolean;
  readonly reason: string;
}

/** Decisions that no strategy made: the caller, the mode or the session imposed them. */
const IMPOSED: ReadonlySet<string> = new Set(['explicit', 'off']);

/**
 * Makes a recorded choice again from its recorded estimates, strategy and draw. It needs nothing of today's
 * configuration, so it gives the same choice whatever has changed since.
 */
export function replay(recorded: RecordedDecision): Replay {
  const base = { decisionId: recorded.id, recorded: recorded.chosen };
  if (IMPOSED.has(recorded.reasonCode)) {
    return { ...base, chosen: recorded.chosen, same: true, reason: recorded.reason };
  }
  const estimates = recorded.ranking.map((estimate) => ({ ...estimate, model: namedModel(estimate.model) }));
  const strategy = recorded.reasonCode === 'router-error' ? { kind: 'static' as const } : recorded.strategy;
  const draw = recorded.draw ?? 0;
  const choice = choose(estimates, strategy, {
    default: recorded.baseline?.model ?? '',
    draw,
    turn: draw,
    calibrated: recorded.calibration,
  });
  const chosen = choice.ranking[0]?.model.id ?? '';
  return { ...base, chosen, same: chosen === recorded.chosen, reason: choice.reason };
}
