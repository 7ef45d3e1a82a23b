import { strategyOf } from '../decide/strategy.ts';
import type { AttemptRecord, Intent, Outcome } from '../ledger/record.ts';
import type { CallerSignal, RawAnswer, RawRequest } from '../providers/provider.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { publishOutcome } from './activity.ts';
import { asFailure, type AnswerBody } from './body.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** A request that goes to one provider as it is. */
export interface Forwarded {
  readonly id: string;
  readonly provider: string;
  /** The model that its body names, as configured or as it is written; empty where it names none. */
  readonly model: string;
  readonly info: Pick<Intent['request'], 'requested' | 'key' | 'user' | 'tags'>;
  readonly raw: Omit<RawRequest, 'key'>;
  readonly signal: CallerSignal;
  /** Clock reading at ingress. */
  readonly started: number;
}

/** Written down like any other request, but nothing was weighed and nobody knows what it costs. */
function intentOf({ id, provider, model, info }: Forwarded, snapshot: Snapshot, runtime: Runtime): Intent {
  const at = runtime.clock.now();
  return {
    kind: 'intent',
    id,
    at,
    request: { dialect: 'openai-chat', stream: false, ...info },
    decision: {
      id,
      at,
      ranking: [],
      dropped: [],
      chosen: model === '' ? provider : model,
      strategy: strategyOf('static'),
      reasonCode: 'explicit',
      reason: `passed on to ${provider} as it is`,
      confidence: 1,
      propensity: 1,
      versions: snapshot.versions,
      query: { inputTokens: 0, turns: 0, signals: {}, needs: [] },
    },
    reserve: null,
  };
}

/**
 * Passes a request on to one provider and its answer back, and writes both down, unpriced.
 * @throws UpstreamFailure when the provider gave no answer.
 */
export async function forward(
  request: Forwarded,
  snapshot: Snapshot,
  runtime: Runtime,
): Promise<RawAnswer & { readonly body: AnswerBody }> {
  const provider = snapshot.providers.get(request.provider);
  if (provider?.forward === undefined) {
    throw new UpstreamFailure('misconfigured', `nothing can be passed on to provider "${request.provider}"`, {
      unsent: true,
    });
  }
  const intent = intentOf(request, snapshot, runtime);
  runtime.recent.opened(intent);
  await runtime.journal.grouped(intent);
  const begun = runtime.clock.elapsed();
  let open = true;
  const settle = (status: Outcome['status'], httpStatus: number, failure?: UpstreamFailure): void => {
    if (!open) return;
    open = false;
    const ms = runtime.clock.elapsed();
    const attempt: AttemptRecord = {
      model: intent.decision.chosen,
      upstream: `${request.provider}/${request.model}`,
      provider: request.provider,
      startedAt: intent.at,
      ms: ms - begun,
      cost: failure?.unsent === true ? 0n : null,
      status: failure?.status ?? httpStatus,
      failure: failure?.failure,
      error: failure?.message.slice(0, 300),
    };
    const outcome: Outcome = {
      kind: 'outcome',
      id: request.id,
      at: runtime.clock.now(),
      status,
      httpStatus,
      model: intent.decision.chosen,
      provider: request.provider,
      attempts: [attempt],
      cost: attempt.cost,
      baselineCost: null,
      ms: ms - request.started,
      overheadMs: begun - request.started,
    };
    runtime.journal.settle(outcome);
    publishOutcome(intent, outcome, runtime);
  };
  const { timeouts } = snapshot.config;
  const limits = { ...timeouts, firstToken: timeouts.total };
  try {
    const answer = await provider.forward({ ...request.raw, key: 0 }, limits, request.signal);
    return { ...answer, body: settled(answer, settle) };
  } catch (error) {
    const failure = asFailure(error);
    settle(failure.failure === 'gone' ? 'cancelled' : 'failed', 502, failure);
    throw failure;
  }
}

/** The body, settled before its last bytes. */
function settled(
  { status, body }: RawAnswer,
  settle: (status: Outcome['status'], httpStatus: number, failure?: UpstreamFailure) => void,
): AnswerBody {
  const source = body[Symbol.asyncIterator]();
  const left = () =>
    settle('cancelled', status, new UpstreamFailure('gone', 'the client left, or the answer broke off'));
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const step = await source.next();
        if (step.done === true) settle(status < 400 ? 'ok' : 'failed', status);
        return step;
      } catch (error) {
        left();
        throw error;
      }
    },
    // Nobody may have read from it.
    async return() {
      left();
      await source.return?.();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
