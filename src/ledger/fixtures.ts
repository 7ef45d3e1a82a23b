import type { DecisionRecord, Feedback, Intent, NanoUsd, Outcome } from './record.ts';

const DECISION: Omit<DecisionRecord, 'id' | 'at'> = {
  ranking: [{ model: 'small', quality: 0.8, stderr: 0.05, costUsd: 0.001, outputTokens: 200 }],
  dropped: [],
  chosen: 'small',
  strategy: { kind: 'cheapest' },
  reasonCode: 'strategy',
  reason: 'cheapest of 1 model',
  confidence: 1,
  propensity: 1,
  versions: { config: 'c', catalog: 'a', prices: 'p', router: 'prior' },
  query: { inputTokens: 10, turns: 1, signals: {}, needs: [] },
};

/** An intent for tests. */
export function intentOf(id: string, at: number, rest: Partial<Intent['request']> = {}): Intent {
  return {
    kind: 'intent',
    id,
    at,
    request: { dialect: 'openai-chat', requested: 'auto', stream: false, ...rest },
    decision: { ...DECISION, id, at },
    reserve: 5000n,
  };
}

/** Its outcome. */
export function outcomeOf(id: string, at: number, cost: NanoUsd | null, rest: Partial<Outcome> = {}): Outcome {
  const usage = { input: 10, output: 5 };
  return {
    kind: 'outcome',
    id,
    at,
    status: 'ok',
    model: 'small',
    provider: 'p',
    httpStatus: 200,
    finishReason: 'stop',
    attempts: [
      {
        model: 'small',
        upstream: 'p/small',
        provider: 'p',
        status: 200,
        startedAt: at,
        firstByteMs: 3,
        ms: 4,
        usage,
        cost,
      },
    ],
    usage,
    cost,
    baselineCost: cost === null ? null : cost * 10n,
    ms: 5,
    firstByteMs: 3,
    overheadMs: 0.4,
    ...rest,
  };
}

/** A score. */
export function feedbackOf(id: string, decisionId: string, at: number): Feedback {
  return { kind: 'feedback', id, at, decisionId, score: 0.5 };
}
