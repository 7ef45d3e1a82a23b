import type { PromptSetting } from '../config/schema.ts';
import type { SignalboxError } from '../errors.ts';
import type { Intent, Outcome, RequestInfo } from '../ledger/record.ts';
import type { ChatRequest } from '../protocol/chat.ts';
import type { Codec } from '../protocol/codec.ts';
import type { CallerSignal } from '../providers/provider.ts';
import type { Called } from './called.ts';
import type { AnswerBody } from './body.ts';
import type { Deadline } from './deadline.ts';
import type { Need } from './health.ts';
import type { Reservation } from './reservation.ts';
import type { Routed, RouteRequest } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Settlement } from './settlement.ts';
import type { Snapshot } from './snapshot.ts';

/** A request that is to be answered, in its dialect's bytes. */
export interface AnswerRequest extends RouteRequest {
  /** Unique, and sorts by time. */
  readonly id: string;
  readonly body: Uint8Array;
  readonly stream: boolean;
  readonly info: Pick<RequestInfo, 'requested' | 'user'>;
  /** Headers of the caller that go to the upstream. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the caller says of keeping the answer: `on`, `off`, or for how long. */
  readonly cache?: string | undefined;
  /** The most that the caller wants to be kept of its prompt. */
  readonly prompts?: PromptSetting | undefined;
  /** Puts `routing` into the answer. */
  readonly explain: boolean;
  /** Aborts when the caller has left. */
  readonly signal: CallerSignal;
  /** Clock reading at ingress, and milliseconds since then spent waiting for the caller's body. */
  readonly started: number;
  readonly waited: number;
  /** A decision made before, for this very request. */
  readonly routed?: Routed;
}

/** An answer: its head is known, its bytes come as they come. */
export interface Answer {
  readonly head: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  readonly body: AnswerBody;
  /** Resolves when the outcome is in the journal, which is before the body ends. */
  readonly settled: Promise<Outcome>;
  /** What could not be done as it was asked, as the head told it; a take-over may add to it. */
  readonly warnings: ReadonlySet<string>;
  /** Set when no upstream answered; the body is its envelope. */
  readonly error?: SignalboxError;
}

/** One request on its way through the loop. */
export interface Passage {
  readonly request: AnswerRequest;
  readonly routed: Routed;
  readonly intent: Intent;
  readonly settlement: Settlement;
  readonly snapshot: Snapshot;
  readonly runtime: Runtime;
  /** Of the caller's dialect. */
  readonly codec: Codec;
  /** The request in no dialect, parsed when it is first asked for. */
  readonly chat: () => ChatRequest;
  /** What it needs of an upstream. */
  readonly need: Need;
  readonly deadline: Deadline;
  /** Whether budgets pay for a call. */
  readonly covers: Reservation['covers'];
  /** Upstream calls that have ended, in order. */
  readonly attempts: Called[];
  /** What the caller is to be warned of; grows with each translation. */
  readonly warnings: Set<string>;
  /** True when the answer itself is to hold `routing`. */
  readonly explain: boolean;
}
