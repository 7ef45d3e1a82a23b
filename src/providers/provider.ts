import type { Upstream } from '../catalog/model.ts';
import type { Dialect } from '../protocol/chat.ts';
import type { CallerKey } from './caller-key.ts';

/** What a failure means for the next step; status codes alone do not decide. */
export type FailureClass =
  | 'busy' // 429, 529: not sick
  | 'sick' // 5xx, reset, cut, garbage
  | 'silent' // a timer ran out
  | 'request' // 400, 422: the caller's fault
  | 'context' // larger than the window
  | 'filter' // content policy
  | 'auth' // 401, 403: this key
  | 'quota' // 402 and quota phrases: this key's money
  | 'misconfigured' // 404: no such model or path
  | 'gone'; // the client left

/** A request as one provider will see it, already in its wire. */
export interface WireRequest {
  /** The dialect of `body`. */
  readonly dialect: Dialect;
  /** Which endpoint of the wire. */
  readonly endpoint: 'chat';
  readonly body: Uint8Array;
  readonly stream: boolean;
  /** Allow-listed headers of the caller. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which of the provider's keys, from 0. */
  readonly key: number;
  /** What a provider is called with that takes callers' keys; no other reads it. */
  readonly callerKey?: CallerKey | undefined;
}

/** Milliseconds that this attempt may take. */
export interface Limits {
  readonly connect: number;
  /** Until the first byte of the answer's body. */
  readonly firstToken: number;
  /** Between two bytes once they flow. */
  readonly idle: number;
  /** What is left of the chain's deadline; holds until the answer is committed, and for whole answers to the end. */
  readonly total: number;
}

/** A 2xx answer: its head and its bytes as they come. */
export interface UpstreamAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** May hold an error or half an answer all the same: whoever parses it looks. Throws {@link UpstreamFailure} when the stream breaks. Returning early closes the upstream. */
  readonly body: AsyncIterable<Uint8Array>;
  /** All of `body`, when it is here already. */
  readonly whole?: Uint8Array;
  /** The dialect of `body`. */
  readonly dialect: Dialect;
  /** True when `body` is a stream of events; else it is one JSON object. */
  readonly streamed: boolean;
  /** Takes the provider's keys out of an error inside `body`. */
  readonly redact?: (text: string) => string;
}

/** An answer that nothing here reads. */
export type RawAnswer = Pick<UpstreamAnswer, 'status' | 'headers' | 'body'>;

/** One failed upstream call. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly failure: FailureClass;
  /** The upstream's status; absent when there was no answer. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The upstream's own error body, for passing on word for word to whoever speaks its dialect. */
  readonly body: Uint8Array | undefined;
  readonly dialect: Dialect | undefined;
  /** From Retry-After, milliseconds. */
  readonly retryAfter: number | undefined;
  /** The upstream did nothing wrong: its answer is of no use here. */
  readonly blameless: boolean;
  /** True when it is certain that no request reached the provider: no connection, no adapter. */
  readonly unsent: boolean;

  constructor(
    failure: FailureClass,
    message: string,
    details: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
      readonly dialect?: Dialect;
      readonly retryAfter?: number;
      readonly unsent?: boolean;
      readonly blameless?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.failure = failure;
    this.status = details.status;
    this.headers = details.headers ?? {};
    this.body = details.body;
    this.dialect = details.dialect;
    this.retryAfter = details.retryAfter;
    this.unsent = details.unsent ?? false;
    this.blameless = details.blameless ?? false;
  }
}

/** Tells that the caller has left: an `AbortSignal`, or something lighter with this part of its face. */
export interface CallerSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A request of a route that nothing here reads: it goes on as it is. */
export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Of OpenAI's API, without its version, with its query. */
  readonly path: string;
  /** The name at the provider of the model that its body names, if it names one. */
  readonly model?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly key: number;
  readonly callerKey?: CallerKey | undefined;
}

/** What `doctor` wants to know of a provider. */
export interface ProviderCheck {
  readonly ok: boolean;
  /** One line: what was found, or what to do. */
  readonly detail: string;
  /** Names of the models that the provider lists, when it does. */
  readonly models?: readonly string[];
}

/** One configured provider. Upstream calls go through here and nowhere else. */
export interface Provider {
  /** Its key in the config. */
  readonly name: string;
  /** The dialects it speaks, its own first. */
  readonly dialects: readonly Dialect[];
  /** Keys in its pool; 1 for a provider without any. */
  readonly keys: number;
  /** It has no key of its own: each caller brings one. */
  readonly callerKey?: boolean;
  /** Goes on with an assistant's message at the end of a request. */
  readonly prefill: boolean;
  /** True for answers that no model gave. */
  readonly simulated: boolean;
  /** Takes `stream_options: {include_usage}`. */
  readonly streamUsage: boolean;
  /** Runs on the user's own machines, where a first token may wait for a model to load. */
  readonly local: boolean;
  /** Resolves at the head of a 2xx answer; rejects with {@link UpstreamFailure}. `signal` = the client left. */
  call(upstream: Upstream, request: WireRequest, limits: Limits, signal: CallerSignal): Promise<UpstreamAnswer>;
  /** Passes a request on as it is; left out where there is nowhere to pass it. Rejects with {@link UpstreamFailure}. */
  forward?(request: RawRequest, limits: Limits, signal: CallerSignal): Promise<RawAnswer>;
  /** A cheap request that tells whether address and key work; costs nothing. */
  check(signal: AbortSignal): Promise<ProviderCheck>;
}
