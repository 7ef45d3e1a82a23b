import { isObject } from '../../../../src/protocol/guards.ts';

/** The dialects that upstreams speak. */
export type WireName = 'openai-chat' | 'openai-responses' | 'anthropic' | 'ollama';

/** One answer before a wire says it. */
export interface Answer {
  /** Tells the answers of all servers and calls apart; letters and digits. */
  readonly id: string;
  readonly model: string;
  /** The text, in tokens. */
  readonly tokens: readonly string[];
  /** Input tokens of the request. */
  readonly input: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The request. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer as one provider says it: a stream's records, each whole, and the answer that is not streamed. */
export interface WireAnswer {
  /** Content type of the stream. */
  readonly streamType: string;
  /** Records before the first token. */
  readonly opening: readonly string[];
  /** One record per token. */
  readonly tokens: readonly string[];
  /** Why it ended, and its usage. */
  readonly closing: readonly string[];
  /** The record that says only that nothing follows; empty where the last of `closing` says so. */
  readonly marker: string;
  /** A record that its clients cannot read. */
  readonly malformed: string;
  readonly whole: string;
  /** An error in the stream after so many tokens, or before anything else. `busy`: it has too much to do. */
  failure(sent: number | undefined, busy: boolean): readonly string[];
  /** An error in place of the whole answer, whatever the status says. */
  failed(busy: boolean): string;
}

/** Why a provider does not answer. */
export type RefusalKind =
  | 'auth'
  | 'busy'
  | 'context'
  | 'error-500'
  | 'filter'
  | 'no-path'
  | 'not-found'
  | 'overloaded'
  | 'prefill'
  | 'quota'
  | 'request';

export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** What is left of one limit. */
export interface Limit {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until all of it is back. */
  readonly resetMs: number;
}

/** Limits as rate headers tell them; the last two are told by Anthropic only. */
export interface RateLimits {
  readonly requests?: Limit;
  readonly tokens?: Limit;
  readonly inputTokens?: Limit;
  readonly outputTokens?: Limit;
}

/** How one provider is asked, and how it answers, refuses and tells its limits. */
export interface Wire {
  readonly name: WireName;
  /** Path of the base URL that clients put before `path`. */
  readonly base: '' | '/v1';
  /** End of the path that calls go to. */
  readonly path: string;
  readonly jsonType: string;
  /** Whether an assistant's message at the end is gone on with. */
  readonly continues: boolean;
  streams(body: Answer['body']): boolean;
  /** The assistant's text at the end of the request; empty when somebody else speaks last. */
  prefill(body: Answer['body']): string;
  /** What the provider finds wrong with the request itself. */
  objection?(body: Answer['body'], headers: Readonly<Record<string, string>>): string | undefined;
  answer(answer: Answer): WireAnswer;
  /** `message` replaces the provider's words. */
  refusal(
    kind: RefusalKind,
    about: { readonly id: string; readonly model: string; readonly message?: string },
  ): Refusal;
  /** Headers of every response. */
  headers(id: string): Readonly<Record<string, string>>;
  /** `now`: milliseconds since 1970. */
  rateHeaders(limits: RateLimits, now: number): Readonly<Record<string, string>>;
}

/** One server-sent event. */
export const sse = (data: object, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
};

/** The text of the last message, if it is an assistant's. */
export function lastAssistantText(messages: unknown): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return isObject(last) && last['role'] === 'assistant' ? textOf(last['content']) : '';
}

/** Tokens that each begin with the white space before them. */
export function tokenize(text: string): readonly string[] {
  return text.match(/\s*\S+(?:\s+$)?|^\s+$/g) ?? [];
}
