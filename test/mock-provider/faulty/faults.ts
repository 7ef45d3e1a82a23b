import { chunkOf } from './http.ts';
import { half, headersOf, open, placeOf, rest, start, succeed, type Stage } from './stage.ts';
import type { RateLimits } from './wires/wire.ts';

/** Where something happens in a stream: after so many tokens of the answer, half of them unless said otherwise. */
interface At {
  readonly after?: number;
}

/** How an answer breaks off. */
type Break =
  /** The connection is closed. */
  | 'close'
  /** It is reset. */
  | 'reset'
  /** It is closed in the middle of an event, and of the chunk that was to hold it. */
  | 'inside'
  /** The body ends as it should; only the dialect's own end is missing. */
  | 'ended';

/** What can go wrong, and how much of it. Durations in milliseconds; what is left out has a default or never ends. */
export interface FaultParameters {
  /** Nothing. */
  ok: object;
  /** 429 with `retry-after: seconds` (0 unless told) and, if told, `retry-after-ms`. */
  'busy-after': { readonly seconds?: number; readonly ms?: number };
  /** 429 that does not say how long. */
  busy: object;
  /** 529, or 503 with the words of a provider that has too much to do. */
  overloaded: object;
  'error-500': object;
  /** 503 of a proxy in front of the provider, not in its dialect. */
  'error-503': object;
  /** 503 until `ms` after it was set, then nothing. */
  down: { readonly ms: number };
  /** Any other refusal. */
  status: { readonly status: number; readonly body?: string };
  auth: object;
  /** No money is left; 429, but 400 at Anthropic. */
  quota: object;
  'not-found': object;
  context: object;
  filter: object;
  /** Refuses an assistant's message at the end; answers from the beginning when there is none. */
  'rejects-prefill': object;
  /** Takes it, and answers from the beginning. */
  'ignores-prefill': object;
  /** The connection is reset before the head. */
  reset: object;
  /** No response. */
  silent: object;
  /** Bytes that are no HTTP, then the end: instead of a head, or, when told `after`, in a stream. */
  garbage: At;
  /** The first token, or the whole answer, after `ms`; `holdHead`: the head of a stream too. */
  'slow-first-token': { readonly ms?: number; readonly holdHead?: boolean };
  /** An answer that is not streamed breaks off in the middle. */
  cut: At & { readonly how?: Break };
  /** Nothing for `ms`, then the rest. */
  stall: At & { readonly ms?: number };
  /** One event that cannot be read, all others well; `lost`: in place of one. An answer that is not streamed is broken JSON. */
  malformed: At & { readonly lost?: boolean };
  /** Finish reason and usage, but no end; the connection stays open for `ms`. */
  'no-done': { readonly ms?: number };
  /** The head promises more bytes than the `sent` ones (half unless told), then the connection is closed. */
  'cut-body': { readonly sent?: number };
  /** Status 200, but an error: first of all, or, when told `after`, in a stream. `busy`: it has too much to do. */
  'in-band': At & { readonly busy?: boolean };
}

export type FaultKind = keyof FaultParameters;

/** What every fault can bring: headers of the response, and limits in the provider's rate headers. */
interface Common {
  readonly headers?: Readonly<Record<string, string>>;
  readonly rate?: RateLimits;
}

type FaultsByKind = { [K in FaultKind]: { readonly kind: K } & FaultParameters[K] & Common };

/** What a server does with one call. */
export type Fault = FaultsByKind[FaultKind];

const PROXY_503 = 'upstream connect error or disconnect/reset before headers. reset reason: connection failure';

const FAULTS: { [K in FaultKind]: (stage: Stage, fault: FaultsByKind[K]) => void } = {
  ok: (stage) => succeed(stage),
  'busy-after': (stage, { seconds = 0, ms }) =>
    stage.refuse('busy', {
      'retry-after': String(seconds),
      ...(ms === undefined ? {} : { 'retry-after-ms': String(ms) }),
    }),
  busy: (stage) => stage.refuse('busy'),
  overloaded: (stage) => stage.refuse('overloaded'),
  'error-500': (stage) => stage.refuse('error-500'),
  'error-503': ({ reply, headers }) => reply.respond(503, { 'content-type': 'text/plain', ...headers }, PROXY_503),
  down: (stage, { ms }) => (stage.elapsed < ms ? FAULTS['error-503'](stage, { kind: 'error-503' }) : succeed(stage)),
  status: (stage, { status, body = '{"error":{"message":"it failed"}}' }) =>
    stage.reply.respond(status, headersOf(stage), body),
  auth: (stage) => stage.refuse('auth'),
  quota: (stage) => stage.refuse('quota'),
  'not-found': (stage) => stage.refuse('not-found'),
  context: (stage) => stage.refuse('context'),
  filter: (stage) => stage.refuse('filter'),
  'rejects-prefill': (stage) => (stage.prefilled ? stage.refuse('prefill') : succeed(stage)),
  'ignores-prefill': (stage) => succeed(stage, stage.answer(true)),
  reset: ({ reply }) => reply.reset(),
  silent: () => {},
  garbage(stage, { after }) {
    const answer = stage.answer();
    if (stage.streams && after !== undefined) start(stage, answer, after);
    stage.reply.raw('\u0000not HTTP at all\r\n\r\n');
    stage.reply.cut();
  },
  'slow-first-token'(stage, { ms, holdHead = false }) {
    const answer = stage.answer();
    if (!stage.streams || holdHead) return stage.reply.later(ms, () => succeed(stage, answer));
    open(stage, answer);
    return stage.reply.later(ms, () => {
      stage.reply.send(answer.opening);
      rest(stage, answer);
    });
  },
  cut(stage, { after, how = 'close' }) {
    const answer = stage.answer();
    const place = placeOf(answer, after);
    if (stage.streams) start(stage, answer, place);
    else if (how === 'ended') return stage.reply.respond(200, headersOf(stage), answer.whole.slice(0, -3));
    else half(stage, answer);
    if (how === 'reset') return stage.reply.reset();
    if (how === 'ended') return stage.reply.endStream();
    if (how === 'inside' && stage.streams) {
      const next = Buffer.from(chunkOf(answer.tokens[place] ?? answer.closing[0] ?? ''));
      stage.reply.raw(next.subarray(0, Math.floor(next.length / 2)));
    }
    return stage.reply.cut();
  },
  stall(stage, { after, ms }) {
    const answer = stage.answer();
    const place = placeOf(answer, after);
    if (stage.streams) {
      start(stage, answer, place);
      return stage.reply.later(ms, () => rest(stage, answer, place));
    }
    half(stage, answer);
    const bytes = Buffer.from(answer.whole);
    return stage.reply.later(ms, () => stage.reply.finish(bytes.subarray(Math.floor(bytes.length / 2))));
  },
  malformed(stage, { after, lost = false }) {
    const answer = stage.answer();
    if (!stage.streams) return stage.reply.respond(200, headersOf(stage), answer.whole.slice(0, -3));
    const place = placeOf(answer, after);
    start(stage, answer, place);
    stage.reply.send([answer.malformed]);
    return rest(stage, answer, lost ? place + 1 : place);
  },
  'no-done'(stage, { ms }) {
    if (!stage.streams) return succeed(stage);
    const answer = stage.answer();
    start(stage, answer, answer.tokens.length);
    stage.reply.send(answer.closing);
    return stage.reply.later(ms, () => stage.reply.endStream());
  },
  'cut-body'(stage, { sent }) {
    const { whole, streamType, opening, tokens, closing, marker } = stage.answer();
    const body = stage.streams ? [...opening, ...tokens, ...closing, marker].join('') : whole;
    const type = stage.streams ? streamType : stage.wire.jsonType;
    const length = Buffer.byteLength(body);
    const bytes = Math.min(sent ?? Math.floor(length / 2), length);
    stage.reply.begin({ 'content-type': type, ...stage.headers }, body, bytes, Math.max(length, bytes + 1));
    stage.reply.cut();
  },
  'in-band'(stage, { after, busy = false }) {
    const answer = stage.answer();
    if (!stage.streams) return stage.reply.respond(200, headersOf(stage), answer.failed(busy));
    const place = after === undefined || after === 0 ? undefined : placeOf(answer, after);
    if (place === undefined) open(stage, answer);
    else start(stage, answer, place);
    stage.reply.send(answer.failure(place, busy));
    return stage.reply.endStream();
  },
};

/** Every fault by name. */
export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

function act<K extends FaultKind>(kind: K, fault: FaultsByKind[K], stage: Stage): void {
  FAULTS[kind](stage, fault);
}

/** Answers one call as its fault says. */
export const answerWith = (fault: Fault, stage: Stage): void => act(fault.kind, fault, stage);
