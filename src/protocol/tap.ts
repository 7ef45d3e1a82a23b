import type { FinishReason, Usage } from './chat.ts';

/** An error inside an answer whose status said that all is well. */
export interface InsideError {
  readonly message: string;
  /** Its own code where that is an HTTP status, else 500. */
  readonly status: number;
  /** The error as JSON, for the phrases in it. */
  readonly text: string;
}

/** At most this many characters of an answer are kept; nearly every answer is shorter. */
export const MAX_SEEN_CHARS = 128 * 1024;

/** How far a streamed answer has come in its dialect: what is needed to go on with it. */
export interface Position {
  readonly id?: string;
  readonly model?: string;
  /** Epoch seconds. */
  readonly createdAt?: number;
  /** The answer's text so far, without reasoning and tool calls; undefined when it is too long to be kept. */
  readonly said: string | undefined;
  /** Tool calls that were begun. */
  readonly toolCalls: number;
  /** Content blocks or output items that were begun. */
  readonly blocks: number;
  /** What is being told; left out between blocks, and where the dialect has none. */
  readonly open?: 'text' | 'reasoning' | 'tool-call';
  /** Id of the open item, where items have one. */
  readonly itemId?: string;
  /** Items that were begun, the open one as far as it was told, where the dialect's end repeats them all. */
  readonly items?: readonly Readonly<Record<string, unknown>>[];
  /** Events that carry a number of their own, so far. */
  readonly sequence: number;
  /** The first event of the answer was sent. */
  readonly begun: boolean;
}

/** An answer's text with more of it; undefined once it is too long to be kept. */
export function sayMore(said: string | undefined, words: string): string | undefined {
  return said === undefined || said.length + words.length > MAX_SEEN_CHARS ? undefined : said + words;
}

/** Where every answer begins. */
export const START: Position = { said: '', toolCalls: 0, blocks: 0, sequence: 0, begun: false };

/** What has been seen of an answer so far: enough to settle it, and to take it over. */
export interface Seen {
  readonly id?: string;
  readonly model?: string;
  /** Epoch seconds. */
  readonly created?: number;
  readonly usage?: Usage;
  readonly finishReason?: FinishReason;
  /** Output so far: content, reasoning and tool arguments; the first {@link MAX_SEEN_CHARS} characters of it. */
  readonly text: string;
  /** Length of all the output so far, whether kept or not. */
  readonly chars: number;
  /** The dialect's own end of an answer came: nothing may follow. */
  readonly done: boolean;
  readonly failed?: InsideError;
  readonly events: number;
  readonly malformed: number;
}

/** Listens in on a streamed answer while its bytes pass, or translates it. */
export interface Tap {
  /** Bytes to send on now; undefined while there is nothing whole. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** The stream has ended: what is left to send, the dialect's end included where the provider left it out. */
  end(): Uint8Array | undefined;
  readonly seen: Seen;
  /** How far the caller's answer has come. */
  readonly position: Position;
  /** The event that told of `seen.failed`, in the caller's dialect: sent only when nobody takes the answer over. */
  readonly withheld: Uint8Array | undefined;
}

export interface TapOptions {
  /** Drops the usage that only we asked for. */
  readonly strip: boolean;
  /** How many answers were asked for at once; left out: one. */
  readonly answers?: number | undefined;
  /** Takes the provider's keys out of an error event; every other event passes as it is. */
  readonly redact?: ((text: string) => string) | undefined;
  /** Called once, when the answer is complete and its last bytes are about to go out; gives `routing` to put into them. */
  readonly trailer?: (seen: Seen) => unknown;
}
