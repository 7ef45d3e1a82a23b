import { createHash } from 'node:crypto';
import type { DecisionRecord } from './record.ts';

/** Which requests are to be forgotten: those that all of it says. */
export interface ForgetFilter {
  /** Id of the caller's key. */
  readonly key?: string | undefined;
  readonly session?: string | undefined;
  /** The end user. */
  readonly user?: string | undefined;
  /** Older than this, epoch milliseconds; left out: all until now. */
  readonly before?: number | undefined;
}

/** What was asked to be forgotten, kept so that records which reach the store later are stored without it. */
export interface Erasure {
  /** Sorts by time. */
  readonly id: string;
  /** When it was asked, epoch milliseconds. */
  readonly at: number;
  /** Records before this, epoch milliseconds. */
  readonly until: number;
  readonly key?: string | undefined;
  /** SHA-256 of the names, hex: who wants to be forgotten is not to be read here. */
  readonly session?: string | undefined;
  readonly user?: string | undefined;
}

/** Whose a record is. */
export interface Owned {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly key?: string | undefined;
  readonly session?: string | undefined;
  readonly user?: string | undefined;
}

const hashed = (name: string): string => createHash('sha256').update(name).digest('hex');
const maybeHashed = (name: string | undefined) => (name === undefined ? undefined : hashed(name));

/** What is kept of a wish to forget. */
export function erasureOf({ key, session, user, before }: ForgetFilter, id: string, at: number): Erasure {
  const now = Math.floor(at);
  return {
    id,
    at: now,
    until: Math.min(now + 1, Math.ceil(before ?? Number.MAX_SAFE_INTEGER)),
    key,
    session: maybeHashed(session),
    user: maybeHashed(user),
  };
}

/** Whether a record falls under a wish to forget. */
export function covers({ until, key, session, user }: Erasure, of: Owned): boolean {
  return (
    of.at < until &&
    (key === undefined || key === of.key) &&
    (session === undefined || session === maybeHashed(of.session)) &&
    (user === undefined || user === maybeHashed(of.user))
  );
}

/** A decision without what was read of its request, and without the session's name. It can still be made again. */
export function withoutQuery(decision: DecisionRecord): DecisionRecord {
  const { inputTokens, turns, maxOutput, needs } = decision.query;
  return {
    ...decision,
    query: { inputTokens, turns, needs, signals: {}, ...(maxOutput === undefined ? {} : { maxOutput }) },
  };
}

/** What a page of forgetting has done. */
export interface Forgotten {
  /** Requests that lost their names, signals and what failed calls said. */
  readonly requests: number;
  readonly prompts: number;
  /** Scores that lost their comment or the session's name. */
  readonly feedback: number;
}

/** A page of it: the sessions whose names went, and where the next page begins; undefined after the last. */
export interface ForgottenPage extends Forgotten {
  readonly sessions: readonly { readonly key?: string | undefined; readonly session: string }[];
  readonly next?: { readonly at: number; readonly id: string };
}

/** Where prompts and names are taken out of a store. */
export interface ErasureStore {
  /** From when this has returned, no record that it covers is stored with what is to be forgotten. */
  add(erasure: Erasure): Promise<void>;
  /** Those after an id, or all, in order. */
  list(after?: string): Promise<Erasure[]>;
  /** Forgets a page of requests with what hangs on them, all or nothing. */
  requests(filter: ForgetFilter & Pick<Erasure, 'at' | 'until'>, after?: ForgottenPage['next']): Promise<ForgottenPage>;
  /** Forgets a page of scores by their own key and session; returns how many, 0 when there are no more. */
  feedback(filter: ForgetFilter & Pick<Erasure, 'at' | 'until'>): Promise<number>;
  /** Takes what was forgotten out of the store's own files, as far as that can be done now. */
  scrub(): Promise<void>;
}
