import type { Capability } from '../catalog/model.ts';

/** One message as routing sees it. */
export interface QueryMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** All text parts, joined by a newline. */
  readonly text: string;
  readonly images: number;
  readonly audio: number;
  readonly files: number;
}

/** What a codec's `view` reads of a body for routing; nothing is copied but references. */
export interface QueryInput {
  readonly messages: readonly QueryMessage[];
  readonly toolCount: number;
  /** Names of the tools that have one, in the caller's order. */
  readonly toolNames?: readonly string[] | undefined;
  /** Length in characters of the tool definitions as JSON. */
  readonly toolChars: number;
  readonly json: boolean;
  readonly reasoning: boolean;
  readonly stream: boolean;
  readonly maxOutput?: number | undefined;
  /** Answers that are asked for at once; left out = one. */
  readonly answers?: number | undefined;
}

/** All that routing may know of a request. */
export interface Query {
  /** What is asked, without the pasted payload, at most a few thousand characters. */
  readonly instruction: string;
  /** The last user turn, payload included. */
  readonly text: string;
  /** Estimated tokens of the whole request, tools and images included. */
  readonly inputTokens: number;
  /** Number of user turns. */
  readonly turns: number;
  readonly needs: ReadonlySet<Capability>;
  /** The caller's own limit on output tokens. */
  readonly maxOutput?: number | undefined;
  /** Answers that are asked for at once, each of them as long as the limit allows; left out = one. */
  readonly answers?: number | undefined;
  readonly session?: string | undefined;
  /** Named numbers and words about the request: lengths, counts, script, task. */
  readonly signals: Readonly<Record<string, number | string>>;
}
