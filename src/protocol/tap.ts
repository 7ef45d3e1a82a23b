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

/** What has been seen of an answer so far: enough to settle it, and to take it over. */
export interface Seen {
  readonly id?: string;
  readonly model?: string;
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

/** Listens in on a streamed answer while its bytes pass. */
export interface Tap {
  /** Bytes to send on now; undefined while an event is incomplete. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** The stream has ended: what is left to send. */
  end(): Uint8Array | undefined;
  readonly seen: Seen;
}

export interface TapOptions {
  /** Drops the usage that only we asked for. */
  readonly strip: boolean;
  /** Takes the provider's keys out of an error event; every other event passes as it is. */
  readonly redact?: ((text: string) => string) | undefined;
  /** Called once, when the answer is complete and its last bytes are about to go out; an event to insert before them. */
  readonly trailer?: (seen: Seen) => Uint8Array | undefined;
}
