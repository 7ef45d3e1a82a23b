import type { SignalboxError } from '../errors.ts';
import type { QueryInput } from '../query/query.ts';
import type { Seen, Tap, TapOptions } from './tap.ts';

/** A wire format that a client or a provider speaks. */
export type Dialect = 'openai-chat' | 'openai-responses' | 'anthropic' | 'ollama';

/** Tokens of one upstream call. `input` includes what was read from cache. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Part of `input` that was read from the prompt cache. */
  readonly cacheRead?: number;
  /** Part of `input` that was written to the prompt cache. */
  readonly cacheWrite?: number;
  /** Part of `output`. */
  readonly reasoning?: number;
  /** True when the provider did not say and the numbers are ours. */
  readonly estimated?: boolean;
}

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'error' | 'other';

/** One part of a message; names follow LanguageModelV3. */
export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'file'; readonly mediaType: string; readonly data: string | URL }
  | { readonly type: 'tool-call'; readonly toolCallId: string; readonly toolName: string; readonly input: string }
  | { readonly type: 'tool-result'; readonly toolCallId: string; readonly toolName: string; readonly output: string };

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: readonly ChatPart[];
}

/** A request in no dialect: what every dialect is translated through. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { readonly name: string; readonly description?: string; readonly inputSchema: unknown }[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly responseFormat?: { readonly type: 'json'; readonly schema?: unknown };
  readonly stream: boolean;
}

/** One event of an answer; names follow LanguageModelV3 stream parts. */
export type ChatEvent =
  | { readonly type: 'response-metadata'; readonly id?: string; readonly model?: string; readonly createdAt?: number }
  | { readonly type: 'text-delta'; readonly delta: string }
  | { readonly type: 'reasoning-delta'; readonly delta: string }
  | {
      readonly type: 'tool-call-delta';
      readonly index: number;
      readonly toolCallId?: string;
      readonly toolName?: string;
      readonly delta: string;
    }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly finishReason: FinishReason }
  | { readonly type: 'error'; readonly message: string };

/**
 * One dialect: everything that the engine does to its bytes. `view` reads what routing needs; `parse`, `encode` and
 * `decode` are used only when dialects differ or in the library.
 */
export interface Codec {
  readonly dialect: Dialect;
  /** Throws `invalid_request` with the path of the offending field. */
  parse(body: unknown): ChatRequest;
  view(body: unknown): QueryInput;
  /** Whether the caller wants the usage of a stream, which is taken out again when only we asked for it. */
  asksForUsage(body: unknown): boolean;
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
  /** The event that carries `routing` at the end of a stream. */
  routingEvent(seen: Seen, routing: unknown): Uint8Array;
  /** The error envelope as bytes. */
  error(error: SignalboxError): Uint8Array;
  /** An error after the status was sent: the last event of a stream, which does not look complete then. */
  errorEvent(error: SignalboxError, routing?: unknown): Uint8Array;
}
