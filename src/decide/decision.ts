import type { Model } from '../catalog/model.ts';
import type { Query } from '../query/query.ts';

/** What one candidate is expected to do for this query. */
export interface Estimate {
  readonly model: Model;
  /** 0..1 */
  readonly quality: number;
  readonly stderr: number;
  /** `null` when no upstream has a known price. */
  readonly costUsd: number | null;
  /** Milliseconds, when it has been observed. */
  readonly firstTokenMs?: number | undefined;
  readonly outputTokens: number;
}

/** Why a model was not a candidate. */
export type DropCode =
  | 'window' // the request is larger than its context window
  | 'capability' // it lacks something the request needs
  | 'role' // the role does not list it
  | 'key' // the caller's key does not allow it
  | 'caller-key' // it is called with the caller's own key, and the request brings none for it
  | 'budget' // too dear or unpriced under a budget
  | 'health' // its upstreams are cooling down
  | 'data-policy';

/** How estimates become a choice. */
export type Strategy =
  | { readonly kind: 'quality-first' }
  /** Keep `keep` × the reference's quality at the lowest cost. `of` = a model id, else the candidates' best. */
  | {
      readonly kind: 'keep-quality';
      readonly keep: number;
      readonly of?: string;
      readonly name: string;
      /** A caller wished it: no promise, and no way past a budget. */
      readonly wish?: true;
    }
  | { readonly kind: 'budget'; readonly usdPer1k: number }
  | { readonly kind: 'weights'; readonly quality: number; readonly cost: number; readonly latency: number }
  | { readonly kind: 'static' }
  | { readonly kind: 'cheapest' }
  | { readonly kind: 'largest' }
  | { readonly kind: 'random' }
  | { readonly kind: 'round-robin' };

/**
 * How much quality a dollar is worth, λ of argmax q̂ − λ·ĉ, as a strategy found it on past queries that the router had not
 * learnt from. All that making the choice again needs.
 */
export interface Calibrated {
  /** Quality per USD; null = ∞: always the cheapest. */
  readonly lambda: number | null;
  /** Past queries that it was measured on. */
  readonly rows: number;
  /** The mean quality to keep, or the mean USD per query to spend. */
  readonly target: number;
  /** Whether the choices at λ reached the target there. */
  readonly met: boolean;
  /** Mean score of the choices at λ there. */
  readonly quality: number;
  /** Mean expected USD of the choices at λ there. */
  readonly costUsd: number;
  /** Id of the model whose quality is to be kept. */
  readonly reference?: string;
  /** When no λ keeps the quality: id of the model that is called instead. */
  readonly fallback?: string;
  /** Ids of candidates that were not measured: chosen only where their own estimate meets the target. */
  readonly unmeasured?: readonly string[];
}

/** What decided, as a stable code. */
export type ReasonCode =
  | 'explicit' // the caller named the model
  | 'static' // the configured default
  | 'only-candidate'
  | 'strategy' // a strategy weighed the estimates
  | 'strategy-uncalibrated' // the same, without an out-of-fold sample
  | 'random'
  | 'round-robin'
  | 'session' // the conversation keeps its model
  | 'budget' // a budget is spent or nearly: cheaper than the strategy would
  | 'router-error' // the router failed; the default was used
  | 'off'; // routing.mode: off or observe

/** Versions of everything the choice depends on. */
export interface Versions {
  readonly config: string;
  readonly catalog: string;
  readonly prices: string;
  readonly router: string;
}

/** The query without its text: enough to decide again. */
export interface QueryDigest extends Pick<Query, 'inputTokens' | 'turns' | 'maxOutput' | 'session' | 'signals'> {
  readonly needs: readonly string[];
  readonly difficulty?: number | undefined;
}

/** The recorded choice. */
export interface Decision {
  readonly id: string;
  /** Every candidate, best first by the strategy. */
  readonly ranking: readonly Estimate[];
  readonly dropped: readonly { readonly model: string; readonly why: DropCode; readonly detail: string }[];
  /** Model id. */
  readonly chosen: string;
  readonly strategy: Strategy;
  readonly reasonCode: ReasonCode;
  readonly reason: string;
  /** P(the choice meets the strategy's target). */
  readonly confidence: number;
  /** What would have changed the choice, in words. */
  readonly flip?: string | undefined;
  /** Probability with which this choice was made; 1 unless the strategy draws. */
  readonly propensity: number;
  /** The draw in [0, 1) or the turn, when the strategy used one; a replay uses it again. */
  readonly draw?: number | undefined;
  /** The exchange rate that the strategy used; a replay uses it again. */
  readonly calibration?: Calibrated | undefined;
  readonly role?: string | undefined;
  /** The baseline that savings are counted against: model id and its expected cost. */
  readonly baseline?: { readonly model: string; readonly costUsd: number | null } | undefined;
  /** In observe mode: what routing would have chosen. */
  readonly observed?: { readonly chosen: string; readonly reason: string; readonly costUsd: number | null } | undefined;
  /** The part of the input that one model was expected to read from its prompt cache. */
  readonly cached?: { readonly model: string; readonly tokens: number } | undefined;
  /** What was not as it should be: `unknown-model-routed`, `embedder-timeout`, `embedder-failed`, `embedder-cooling`. */
  readonly warnings?: readonly string[] | undefined;
  readonly versions: Versions;
  readonly query: QueryDigest;
  /** Epoch milliseconds. */
  readonly at: number;
}
