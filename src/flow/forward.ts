import { takeLimits } from '../access/limits.ts';
import type { Upstream } from '../catalog/model.ts';
import type { Budget, KeyLimits } from '../config/schema.ts';
import { strategyOf } from '../decide/strategy.ts';
import { SignalboxError } from '../errors.ts';
import type { AttemptRecord, Intent, Outcome } from '../ledger/record.ts';
import type { CallerSignal, Provider, RawAnswer, RawRequest } from '../providers/provider.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { publishOutcome } from './activity.ts';
import { mayBeBilled } from './billing.ts';
import { asFailure, endingBody, wholeBody, type AnswerBody } from './body.ts';
import { OF_THE_KEY } from './fresh.ts';
import { needOf } from './health.ts';
import { limitReached } from './reservation.ts';
import { withoutQuotesOfBytes } from './quotes.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** A request that goes to one provider as it is. */
export interface Forwarded {
  readonly id: string;
  /** Where it goes; its name is empty where the body names no model. */
  readonly upstream: Pick<Upstream, 'id' | 'provider' | 'name'>;
  /** The model that its body names, as configured or as it is written; empty where it names none. */
  readonly model: string;
  readonly info: Pick<Intent['request'], 'requested' | 'key' | 'role' | 'user' | 'tags'>;
  /** What the key may ask and spend; left out: as much as it wants. */
  readonly limits?: KeyLimits | undefined;
  readonly keyBudget?: Budget | undefined;
  readonly raw: Omit<RawRequest, 'key' | 'model'>;
  readonly signal: CallerSignal;
  /** Clock reading at ingress. */
  readonly started: number;
}

/** Written down like any other request, but nothing was weighed and nobody knows what it costs. */
function intentOf(
  { id, upstream: { provider }, model, info }: Forwarded,
  snapshot: Snapshot,
  runtime: Runtime,
): Intent {
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

/** What is known of a call when it is over. */
interface Ending {
  readonly status: number;
  readonly failure?: UpstreamFailure | undefined;
}

/** Bytes of JSON per token, about. */
const BYTES_PER_TOKEN = 4;

/** Tokens that a request brings, as far as its size tells: sound and images are no text. */
function tokensIn({ headers, body }: Forwarded['raw']): number {
  const text = (headers['content-type'] ?? '').toLowerCase().includes('json');
  return text && body !== undefined ? Math.max(1, Math.ceil(body.length / BYTES_PER_TOKEN)) : 1;
}

/**
 * Takes the request from the key's limits. Nobody knows what it will cost, so a budget pays for it only where the provider
 * may be called unpriced.
 * @throws `rate_limited`, `price_unknown`
 */
async function admitted(
  { info: { key = '', role, tags }, keyBudget, limits, raw, upstream: { provider } }: Forwarded,
  snapshot: Snapshot,
  { state }: Runtime,
): Promise<() => void> {
  const [account] = snapshot.accounts.of({ role, key, keyBudget, tags });
  if (account !== undefined && snapshot.config.providers[provider]?.allowUnpriced !== true) {
    throw new SignalboxError(
      'price_unknown',
      `nobody knows what is passed on costs, and the budget of ${account.name} limits what may be spent; providers.${provider}.allowUnpriced: true lets it through`,
    );
  }
  if (limits === undefined) return () => {};
  const allowance = await takeLimits(state, key, limits, tokensIn(raw));
  if (allowance.reached !== undefined) throw limitReached(key, allowance.reached);
  return () => allowance.settle(null);
}

/** The books of a request that is passed on: every call, and the outcome once. */
function createBooks(request: Forwarded, intent: Intent, runtime: Runtime, ended: () => void) {
  const { clock } = runtime;
  const { model, upstream } = request;
  const begun = clock.elapsed();
  const attempts: AttemptRecord[] = [];
  let startedAt = intent.at;
  let started = begun;
  let open = true;
  const words = withoutQuotesOfBytes(request.raw.body);
  return {
    called(): void {
      startedAt = clock.now();
      started = clock.elapsed();
    },
    ended({ status, failure }: Ending): void {
      attempts.push({
        model: intent.decision.chosen,
        upstream: `${upstream.provider}/${model}`,
        provider: upstream.provider,
        startedAt,
        ms: clock.elapsed() - started,
        cost: failure !== undefined && !mayBeBilled(failure) ? 0n : null,
        status: failure?.status ?? status,
        failure: failure?.failure,
        error: failure === undefined ? undefined : words(failure.message).slice(0, 300),
      });
    },
    settle(status: Outcome['status'], httpStatus: number): void {
      if (!open) return;
      open = false;
      const outcome: Outcome = {
        kind: 'outcome',
        id: request.id,
        at: clock.now(),
        status,
        httpStatus,
        model: intent.decision.chosen,
        provider: upstream.provider,
        attempts,
        cost: attempts.every(({ cost }) => cost === 0n) ? 0n : null,
        baselineCost: null,
        ms: clock.elapsed() - request.started,
        overheadMs: begun - request.started,
      };
      ended();
      runtime.journal.settle(outcome);
      publishOutcome(intent, outcome, runtime);
    },
  };
}

type Books = ReturnType<typeof createBooks>;

/** The provider's answer with one key after another, as long as it is the key that is refused. */
async function callWithKeys(
  request: Forwarded,
  forwards: NonNullable<Provider['forward']>,
  snapshot: Snapshot,
  { memory }: Runtime,
  books: Books,
): Promise<RawAnswer | UpstreamFailure> {
  const { raw, model, signal } = request;
  const upstream: Upstream = { ...request.upstream, price: null };
  const { timeouts } = snapshot.config;
  const limits = { ...timeouts, firstToken: timeouts.total };
  const need = needOf(snapshot, 0);
  const callers = snapshot.providers.get(upstream.provider)?.callerKey === true;
  // Callers can make names up: nothing is remembered of those.
  const known = model === '' || snapshot.catalog.byId.has(model);
  const named = upstream.name === '' ? {} : { model: upstream.name };
  const tried = new Set<number>();
  let last = new UpstreamFailure('misconfigured', 'the provider has no key', { unsent: true });
  for (;;) {
    const key = memory.firstKey(upstream, need, tried);
    if (key === undefined) return last;
    tried.add(key);
    books.called();
    try {
      return await forwards({ ...raw, ...named, key }, limits, signal);
    } catch (error) {
      last = asFailure(error);
    }
    books.ended({ status: 502, failure: last });
    if (callers) return last;
    if (known) memory.refused(upstream, key, last);
    if (!OF_THE_KEY.has(last.failure)) return last;
  }
}

/**
 * Passes a request on to one provider and its answer back, and writes both down, unpriced. A refused key gives way to the
 * next one.
 * @throws UpstreamFailure when the provider gave no answer; SignalboxError when the key's limits or a budget forbid it.
 */
export async function forward(
  request: Forwarded,
  snapshot: Snapshot,
  runtime: Runtime,
): Promise<RawAnswer & { readonly body: AnswerBody }> {
  const { provider } = request.upstream;
  const forwards = snapshot.providers.get(provider)?.forward;
  if (forwards === undefined) {
    throw new UpstreamFailure('misconfigured', `nothing can be passed on to provider "${provider}"`, { unsent: true });
  }
  const ended = await admitted(request, snapshot, runtime);
  const intent = intentOf(request, snapshot, runtime);
  runtime.recent.opened(intent);
  await runtime.journal.grouped(intent);
  const books = createBooks(request, intent, runtime, ended);
  const answer = await callWithKeys(request, forwards, snapshot, runtime, books);
  if (!(answer instanceof UpstreamFailure)) return { ...answer, body: settled(answer, books) };
  const { status, headers, body, failure } = answer;
  books.settle(failure === 'gone' ? 'cancelled' : 'failed', status ?? 502);
  if (body === undefined || status === undefined) throw answer;
  return { status, headers, body: wholeBody(body) };
}

/** The body, settled before its last bytes. */
function settled({ status, body }: RawAnswer, books: Books): AnswerBody {
  const end = (outcome: Outcome['status'], failure?: UpstreamFailure): void => {
    books.ended({ status, failure });
    books.settle(outcome, status);
  };
  return endingBody(body, {
    ended: () => end('ok'),
    broke(error) {
      const failure = asFailure(error);
      end(failure.failure === 'gone' ? 'cancelled' : 'failed', failure);
    },
    left: () => end('cancelled', new UpstreamFailure('gone', 'the client left')),
  });
}
