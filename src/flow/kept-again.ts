import type { CachedAnswer } from '../cache/cached-answer.ts';
import type { Flight } from '../cache/flight.ts';
import type { NanoUsd, Outcome } from '../ledger/record.ts';
import { publishOutcome } from './activity.ts';
import { endingBody, wholeBody, type AnswerBody } from './body.ts';
import { addSignalboxHeaders } from './head.ts';
import { intentOf } from './intent.ts';
import { CACHE_HEADER } from './kept-wish.ts';
import type { Answer, AnswerRequest } from './passage.ts';
import type { Routed } from './route.ts';
import type { Runtime } from './runtime.ts';

/** What a request's first asker gets, for whoever asks the same meanwhile. */
export type Made = { readonly cached: CachedAnswer } | Flying | Whole;

/** Its bytes are coming. */
export interface Flying {
  readonly answer: Answer;
  readonly flight: Flight;
}

/** All of its bytes are known. */
export interface Whole {
  readonly answer: Answer;
  readonly whole: Uint8Array;
}

/** Writes down a request that nothing was called for. */
function booksOf(
  request: AnswerRequest,
  routed: Routed,
  from: Pick<CachedAnswer, 'model' | 'provider'>,
  runtime: Runtime,
) {
  const { clock, journal, recent } = runtime;
  const intent = intentOf(request, routed, 0n, runtime);
  recent.opened(intent);
  const overheadMs = Math.max(0, clock.elapsed() - request.started - request.waited);
  let resolve: (outcome: Outcome) => void = () => {};
  const settled = new Promise<Outcome>((done) => (resolve = done));
  let open = true;
  return {
    written: journal.grouped(intent),
    overheadMs,
    settled,
    settle(status: Exclude<Outcome['status'], 'interrupted'>, httpStatus: number, baselineCost: NanoUsd | null): void {
      if (!open) return;
      open = false;
      const outcome: Outcome = {
        kind: 'outcome',
        id: request.id,
        at: clock.now(),
        status,
        httpStatus,
        model: from.model,
        provider: from.provider,
        attempts: [],
        cached: true,
        cost: 0n,
        baselineCost,
        ms: clock.elapsed() - request.started,
        overheadMs,
      };
      journal.settle(outcome);
      publishOutcome(intent, outcome, runtime);
      resolve(outcome);
    },
  };
}

type Books = ReturnType<typeof booksOf>;

/** A body that is settled before its last bytes. */
function settledBody({ answer }: Flying, body: AsyncIterable<Uint8Array>, books: Books): AnswerBody {
  const { status } = answer.head;
  return endingBody(body, {
    async ended() {
      const outcome = await answer.settled;
      books.settle(outcome.status === 'ok' ? 'ok' : 'failed', status, outcome.baselineCost);
    },
    broke: () => books.settle('failed', status, null),
    left: () => books.settle('cancelled', status, null),
  });
}

function headersOf(
  request: AnswerRequest,
  { decision }: Routed,
  { model, provider, contentType, warnings }: Pick<CachedAnswer, 'model' | 'provider' | 'contentType' | 'warnings'>,
  { overheadMs }: Books,
  { memory }: Runtime,
  how: 'hit' | 'shared',
): Record<string, string> {
  const facts = {
    requestId: request.id,
    decision,
    attempts: 0,
    model,
    provider,
    session: memory.step(request, model),
    overheadMs,
    warnings,
    cost: 0n,
  };
  const headers = addSignalboxHeaders({ 'content-type': contentType }, facts);
  return { ...headers, 'x-signalbox-fallback': 'false', [CACHE_HEADER]: how };
}

/** An answer that is kept, given again. */
export async function replayed(
  request: AnswerRequest,
  routed: Routed,
  cached: CachedAnswer,
  runtime: Runtime,
): Promise<Answer> {
  const books = booksOf(request, routed, cached, runtime);
  const headers = headersOf(request, routed, cached, books, runtime, 'hit');
  await books.written;
  books.settle('ok', 200, cached.baselineCost);
  const { body, warnings } = cached;
  return {
    head: { status: 200, headers },
    body: wholeBody(body),
    settled: books.settled,
    warnings: new Set(warnings),
  };
}

/** The answer that another request is getting, from its beginning. */
export async function followed(
  request: AnswerRequest,
  routed: Routed,
  made: Flying | Whole,
  body: AsyncIterable<Uint8Array>,
  runtime: Runtime,
): Promise<Answer> {
  const { answer } = made;
  const { status, headers: told } = answer.head;
  const from = {
    model: told['x-signalbox-model'] ?? routed.decision.chosen,
    provider: told['x-signalbox-provider'] ?? '',
    contentType: told['content-type'] ?? 'application/json',
    warnings: [...answer.warnings],
  };
  const books = booksOf(request, routed, from, runtime);
  const headers = headersOf(request, routed, from, books, runtime, 'shared');
  await books.written;
  if ('whole' in made) {
    const { baselineCost } = await answer.settled;
    books.settle(answer.error === undefined ? 'ok' : 'failed', status, baselineCost);
  }
  return {
    head: { status, headers },
    body: 'whole' in made ? body : settledBody(made, body, books),
    settled: books.settled,
    warnings: answer.warnings,
    ...(answer.error === undefined ? {} : { error: answer.error }),
  };
}
