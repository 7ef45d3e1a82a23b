import type { Price } from '../catalog/model.ts';
import type { Decision } from '../decide/decision.ts';
import type { Dialect, FinishReason, Usage } from '../protocol/chat.ts';
import type { FailureClass } from '../providers/provider.ts';

/** Money: integer nano-dollars as a decimal string in JSON (safe beyond 2^53). */
export type NanoUsd = bigint;

/** A decision as it is written down: models by id, so that a record holds no catalogue. */
export interface DecisionRecord extends Omit<Decision, 'ranking'> {
  readonly ranking: readonly {
    readonly model: string;
    readonly quality: number;
    readonly stderr: number;
    readonly costUsd: number | null;
    readonly firstTokenMs?: number | undefined;
    readonly outputTokens: number;
  }[];
}

/** Who asked and what for: fixed at ingress. */
export interface RequestInfo {
  readonly dialect: Dialect;
  /** The model name as the caller wrote it. */
  readonly requested: string;
  readonly stream: boolean;
  readonly role?: string | undefined;
  /** Id of the caller's key, never the key. */
  readonly key?: string | undefined;
  readonly session?: string | undefined;
  readonly user?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** What is kept of a prompt beside counts and signals, as `storage.prompts` says. */
export interface PromptRecord {
  /** Version of the features, and they: packed n-grams, base64. */
  readonly version?: number;
  readonly features?: string;
  /** The request's body as text, and whether that is only its beginning. */
  readonly body?: string;
  readonly cut?: boolean;
}

/** Written before the first upstream call. */
export interface Intent {
  readonly kind: 'intent';
  /** The request's id; the outcome has the same. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly request: RequestInfo;
  readonly decision: DecisionRecord;
  /** The most that the chosen upstream can charge, nano-dollars; null when its price is unknown. */
  readonly reserve: NanoUsd | null;
  /** Goes to a table of its own: whoever reads requests reads no prompts. */
  readonly prompt?: PromptRecord | undefined;
}

/** One upstream call. */
export interface AttemptRecord {
  readonly model: string;
  readonly upstream: string;
  readonly provider: string;
  /** The upstream's HTTP status; absent when there was no answer. */
  readonly status?: number | undefined;
  readonly failure?: FailureClass | undefined;
  /** Short and without secrets. */
  readonly error?: string | undefined;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** From this call on. */
  readonly firstByteMs?: number | undefined;
  readonly ms: number;
  /** What is billed, or may have been; absent when nothing was. */
  readonly usage?: Usage | undefined;
  /** Nano-dollars; 0 when nothing was billed, null when unpriced. */
  readonly cost: NanoUsd | null;
  /** What it was priced at; absent when that is unknown. A store keeps each price once and names it. */
  readonly price?: Price | undefined;
  readonly simulated?: boolean | undefined;
}

/**
 * How the whole request ended.
 * `interrupted` is written by recovery for an intent without outcome; its `cost` is the reserve, null when unpriced.
 */
export type OutcomeStatus = 'ok' | 'failed' | 'cancelled' | 'interrupted';

/** Written before the answer ends. */
export interface Outcome {
  readonly kind: 'outcome';
  readonly id: string;
  readonly at: number;
  readonly status: OutcomeStatus;
  /** The model that answered. */
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  /** HTTP status told to the caller. */
  readonly httpStatus: number;
  readonly errorCode?: string | undefined;
  readonly finishReason?: FinishReason | undefined;
  readonly attempts: readonly AttemptRecord[];
  /** The answer was made for another request: nothing was called. */
  readonly cached?: boolean | undefined;
  readonly usage?: Usage | undefined;
  /** Sum over attempts, nano-dollars; null when any attempt that may have been billed is unpriced. */
  readonly cost: NanoUsd | null;
  /** What the same tokens would have cost on the baseline model (counterfactual); null when unknown. */
  readonly baselineCost: NanoUsd | null;
  readonly ms: number;
  /** From ingress on, attempts before the one that answered included. */
  readonly firstByteMs?: number | undefined;
  /** Time that Signalbox itself added, milliseconds. */
  readonly overheadMs: number;
}

/** A score that arrives later. */
export interface Feedback {
  readonly kind: 'feedback';
  readonly id: string;
  readonly at: number;
  readonly decisionId?: string;
  readonly session?: string | undefined;
  /** 0..1 */
  readonly score: number;
  readonly comment?: string;
  readonly key?: string | undefined;
}

/** Anything the journal holds. */
export type Rec = Intent | Outcome | Feedback;
