import type { SignalboxError } from '../errors.ts';
import type { QueryInput } from '../query/query.ts';
import type { ChatEvent, ChatRequest, Dialect } from './chat.ts';
import type { Framing } from './framing.ts';
import type { FieldEdit } from './patch.ts';
import type { Position, Seen, Tap, TapOptions } from './tap.ts';

/** What is known of the model that a request is written for, and of the request's size; tokens. */
export interface RenderedFor {
  readonly contextWindow?: number;
  readonly inputTokens?: number;
}

/** A request written in a dialect. */
export interface Rendered {
  readonly body: Uint8Array;
  /** Paths of what the request asks for and the dialect cannot say. */
  readonly lost: readonly string[];
}

/** Turns the records of one streamed answer into events; keeps what spans records. */
export interface EventReader {
  /**
   * Events of one record: the data of a server-sent event, or a line of NDJSON. What is not JSON gives none and is
   * counted.
   */
  read(data: string): readonly ChatEvent[];
  /** The stream has ended: what is told only then. Finish and usage come last, whatever order they arrived in. */
  end(): readonly ChatEvent[];
  /** The dialect's own end of an answer came: nothing may follow. */
  readonly done: boolean;
  readonly malformed: number;
  /** How far the answer has come, for {@link EncoderOptions.resume} of the same dialect. */
  readonly position: Position;
}

/** What an answer is told with where its events do not say it. */
export interface EncoderOptions {
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly createdAt: number;
  /** Estimated tokens of the request, for dialects that tell them first. */
  readonly inputTokens: number;
  /** Whether the caller wants the usage of a stream, where the dialect makes that a question. */
  readonly includeUsage: boolean;
  /** The model as the caller named it, for dialects that echo it. */
  readonly requested?: string;
  /** Milliseconds since the request came, for dialects that tell how long an answer took. */
  readonly elapsed?: () => number;
  /** False where the caller asked for no reasoning and the dialect shows none then: strict clients know no such part. */
  readonly reasoning?: boolean;
  /** Goes on with an answer whose beginning was sent. */
  readonly resume?: Position;
}

/** Writes one answer as a stream. Finish and usage are told at the end, whenever they come. */
export interface EventWriter {
  write(event: ChatEvent): Uint8Array | undefined;
  /** The end of the answer; holds `routing` where it is given. Nothing after an error event. */
  end(routing?: unknown): Uint8Array | undefined;
  readonly position: Position;
}

/**
 * One dialect: everything that the engine does to its bytes. `view` reads what routing needs; what translates is used
 * only when dialects differ or in the library.
 */
export interface Codec {
  readonly dialect: Dialect;
  readonly framing: Framing;
  /** Content type of a streamed answer. */
  readonly streamType: string;
  /** Throws `invalid_request` with the path of the offending field. */
  parse(body: unknown): ChatRequest;
  view(body: unknown): QueryInput;
  /** Whether the caller wants the answer as a stream. */
  streams(body: unknown): boolean;
  /** Whether the caller wants the usage of a stream, which is taken out again when only we asked for it. */
  asksForUsage(body: unknown): boolean;
  /** How many answers the caller wants at once, where the dialect makes that a question. */
  answersWanted?(body: unknown): number;
  /** Whether a request leans on what its provider keeps, so that only one that speaks this dialect can answer it. */
  bound?(body: unknown): boolean;
  /** The request in this dialect, for a model of which `about` tells. */
  render(request: ChatRequest, about?: RenderedFor): Rendered;
  /**
   * What takes the reasoning that only the model that made it can prove out of a conversation; undefined where there is
   * none. For a conversation that moves to another model.
   */
  forget?(body: unknown): readonly FieldEdit[] | undefined;
  /**
   * The same for the reasoning that was translated into this dialect, where its providers refuse what they do not know:
   * for every request that is passed on as it is.
   */
  disown?(body: unknown): readonly FieldEdit[] | undefined;
  /** What puts the beginning of an answer, text that ends in no white space, at the end of a request: its model goes on there. */
  goOn?(body: unknown, said: string): readonly FieldEdit[];
  /** A reader for one streamed answer. */
  reader(): EventReader;
  /** Events of a whole answer; an error event for an error envelope, and for what is no answer. */
  readWhole(body: Uint8Array): readonly ChatEvent[];
  /** A writer for one streamed answer. */
  writer(options: EncoderOptions): EventWriter;
  /** A whole answer of these events. */
  writeWhole(events: readonly ChatEvent[], options: EncoderOptions): Uint8Array;
  /** A streamed answer in this dialect's bytes. */
  encode(events: AsyncIterable<ChatEvent>): AsyncIterable<Uint8Array>;
  /** Events of a streamed or a whole answer. */
  decode(bytes: AsyncIterable<Uint8Array>, stream: boolean): AsyncIterable<ChatEvent>;
  /** Listens in on a streamed answer while its bytes pass. */
  tap(options: TapOptions): Tap;
  /** What a whole answer tells; an answer that is none tells nothing. */
  seenWhole(body: Uint8Array): Seen;
  /** A whole answer or error envelope with `routing` in it; every other byte stays. */
  addRouting(body: Uint8Array, routing: unknown): Uint8Array;
  /** The error envelope as bytes; it names the request where the dialect does. */
  error(error: SignalboxError, requestId?: string): Uint8Array;
  /**
   * An error after the status was sent: the last event of a stream, which does not look complete then. `position` is
   * for dialects that number their events.
   */
  errorEvent(error: SignalboxError, routing?: unknown, position?: Position): Uint8Array;
}
