import type { Reply } from './http.ts';
import type { RefusalKind, Wire, WireAnswer } from './wires/wire.ts';

/** One call that waits for its answer. */
export interface Stage {
  readonly wire: Wire;
  readonly reply: Reply;
  readonly streams: boolean;
  readonly prefilled: boolean;
  /** Milliseconds since the fault was set. */
  readonly elapsed: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `anew`: the whole text, whatever the request ends with. */
  answer(anew?: boolean): WireAnswer;
  refuse(kind: RefusalKind, headers?: Readonly<Record<string, string>>): void;
}

/** Headers of an answer that is not streamed. */
export const headersOf = ({ wire, headers }: Stage) => ({ 'content-type': wire.jsonType, ...headers });

/** The head of a stream. */
export const open = ({ reply, headers }: Stage, { streamType }: WireAnswer) =>
  reply.open({ 'content-type': streamType, ...headers });

/** The head, and so many tokens. */
export function start(stage: Stage, answer: WireAnswer, after: number): void {
  open(stage, answer);
  stage.reply.send([...answer.opening, ...answer.tokens.slice(0, after)]);
}

/** What comes after so many tokens. */
export function rest({ reply }: Stage, { tokens, closing, marker }: WireAnswer, from = 0): void {
  reply.send([...tokens.slice(from), ...closing, marker]);
  reply.endStream();
}

/** Nothing goes wrong. */
export function succeed(stage: Stage, answer = stage.answer()): void {
  if (!stage.streams) return stage.reply.respond(200, headersOf(stage), answer.whole);
  start(stage, answer, 0);
  return rest(stage, answer);
}

/** Half of an answer that is not streamed. */
export const half = (stage: Stage, { whole }: WireAnswer) =>
  stage.reply.begin(headersOf(stage), whole, Math.floor(Buffer.byteLength(whole) / 2));

/** Where something happens in this answer: in the middle unless told. */
export const placeOf = ({ tokens }: WireAnswer, after = Math.floor(tokens.length / 2)) =>
  Math.min(after, tokens.length);
