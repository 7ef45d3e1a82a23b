import { asSignalboxError } from '../errors.ts';
import type { Intent, Outcome } from '../ledger/record.ts';
import type { ChatRequest } from '../protocol/chat.ts';
import { codecOf } from '../protocol/registry.ts';
import { answered, failedAnswer, heldAnswer } from './answers.ts';
import { needOf } from './health.ts';
import { withinHold } from './hold.ts';
import { publishOutcome } from './activity.ts';
import { callUntilAnswered } from './chain.ts';
import { createDeadline } from './deadline.ts';
import { routeWithVector } from './embed.ts';
import { intentOf } from './intent.ts';
import { keptAnswer } from './kept.ts';
import { keptFor } from './kept-wish.ts';
import type { Answer, AnswerRequest, Passage } from './passage.ts';
import { stackOf, type WithoutQuotes } from './quotes.ts';
import { reserve, spentBy, type Reservation } from './reservation.ts';
import { reserveOf } from './reserve.ts';
import type { Routed } from './route.ts';
import type { Runtime } from './runtime.ts';
import { createSettlement } from './settlement.ts';
import type { Snapshot } from './snapshot.ts';

/** Tells everyone who wants to know how a request ended. */
function announce(outcome: Outcome, intent: Intent, routed: Routed, request: AnswerRequest, runtime: Runtime): void {
  publishOutcome(intent, outcome, runtime);
  for (const { failure, error, provider, model } of outcome.attempts) {
    if (failure !== undefined && failure !== 'gone') {
      runtime.log.warn({ request: intent.id, provider, model, failure, error }, 'an upstream call failed');
    }
  }
  if (outcome.status === 'ok' && outcome.model !== undefined) {
    runtime.memory.remember(request, outcome.model, routed.query.inputTokens);
  }
}

function open(request: AnswerRequest, reservation: Reservation, snapshot: Snapshot, runtime: Runtime): Passage {
  const { routed } = reservation;
  let words: WithoutQuotes | undefined;
  const intent = intentOf(request, routed, reserveOf(routed, routed.targets[0]), runtime);
  runtime.recent.opened(intent);
  const settlement = createSettlement({
    intent,
    inputTokens: routed.query.inputTokens,
    snapshot,
    runtime,
    started: request.started,
    waited: request.waited,
    settle: reservation.settle,
    // Most requests have no message to tell.
    words: (message) => (words ??= runtime.prompts.words(request, routed, snapshot))(message),
    announce: (outcome) => announce(outcome, intent, routed, request, runtime),
  });
  const explain = request.explain || routed.plan.routing.expose === 'body';
  const codec = codecOf(request.dialect);
  let chat: ChatRequest | undefined;
  return {
    request,
    routed,
    intent,
    settlement,
    snapshot,
    runtime,
    codec,
    chat: () => (chat ??= codec.parse(request.parsed)),
    need: needOf(snapshot, routed.query.inputTokens, request.held?.key),
    deadline: createDeadline(runtime.clock, request.started, snapshot.config.timeouts.total),
    covers: reservation.covers,
    attempts: [],
    warnings: new Set(routed.plan.warnings),
    explain,
  };
}

async function run(passage: Passage): Promise<Answer> {
  const called = await callUntilAnswered(passage);
  if ('fail' in called) return failedAnswer(passage, called.fail, called.because);
  return answered(passage, called);
}

/** Answers a request for which a decision was made: sets money aside, writes the intent, calls upstreams, and settles. */
async function answerOnce(
  request: AnswerRequest,
  routed: Routed,
  snapshot: Snapshot,
  runtime: Runtime,
): Promise<Answer> {
  const reserving = reserve(request, routed, snapshot, runtime, (exhausted) =>
    routeWithVector(request, snapshot, runtime, request.id, spentBy(exhausted)),
  );
  const reservation = reserving instanceof Promise ? await reserving : reserving;
  let passage: Passage;
  try {
    passage = open(request, reservation, snapshot, runtime);
    const prompt = runtime.prompts.of(request, passage.routed, snapshot);
    await runtime.journal.grouped(prompt === undefined ? passage.intent : { ...passage.intent, prompt });
  } catch (error) {
    reservation.settle(0n, () => undefined);
    throw error;
  }
  const running = run(passage).catch((cause: unknown) => {
    runtime.log.error({ request: passage.intent.id, error: stackOf(cause) }, 'the request loop failed');
    return failedAnswer(passage, asSignalboxError(cause));
  });
  const given = request.stream ? ((await withinHold(running)) ?? heldAnswer(passage, running)) : await running;
  // A stream settles before its last bytes, a whole answer before its first.
  if (given.body.whole !== undefined) await given.settled;
  return given;
}

/**
 * Answers one request: decides, writes the intent, calls upstreams as the policy says, and settles; or gives an answer
 * again that is kept. The only loop; every face calls it.
 * @throws SignalboxError when the request cannot be routed or its limits are reached; then nothing was called and nothing is written.
 */
export async function answer(request: AnswerRequest, snapshot: Snapshot, runtime: Runtime): Promise<Answer> {
  const decided = request.routed ?? routeWithVector(request, snapshot, runtime, request.id);
  // Awaited only when there is something to wait for.
  const routed = decided instanceof Promise ? await decided : decided;
  const ttl = keptFor(request, routed);
  return ttl === undefined
    ? answerOnce(request, routed, snapshot, runtime)
    : keptAnswer(request, routed, ttl, runtime, (alone) => answerOnce(alone, routed, snapshot, runtime));
}
