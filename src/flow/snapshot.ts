import type { Accounts } from '../access/accounts.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { Versions } from '../decide/decision.ts';
import type { Learnt } from '../decide/decide.ts';
import type { Plan, Wishes } from '../decide/precedence.ts';
import type { Provider } from '../providers/provider.ts';
import type { ActiveArtifact } from '../routers/active.ts';
import type { Router } from '../routers/router.ts';
import type { Embeddings } from './embedding.ts';
import type { Redact } from './redact.ts';

/** An artifact at work on the models of a catalogue. */
export interface WorkingArtifact extends Learnt {
  readonly active: ActiveArtifact;
}

/**
 * The immutable world that one request sees, from ingress until it is settled. Config reload, a new artifact and a
 * rollback are all the same operation: a new snapshot replaces the reference.
 */
export interface Snapshot {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly providers: ReadonlyMap<string, Provider>;
  /** The router of each role's effective routing, by its configured name. */
  readonly routers: ReadonlyMap<string, Router>;
  /** The artifacts among `routers`, by the same names. Empty when none is configured. */
  readonly artifacts: ReadonlyMap<string, WorkingArtifact>;
  /** The embedders of each role's effective routing, by their settings. Empty when none is configured. */
  readonly embeddings: Embeddings;
  /** The budgets that requests count against. */
  readonly accounts: Accounts;
  /** The function of `storage.redact`. */
  readonly redact?: Redact | undefined;
  /** Id of the default model of `routing`. */
  readonly default: string;
  readonly versions: Versions;
  /** Settles role, strategy and model for a caller's wishes. */
  readonly plan: (wishes: Wishes) => Plan;
}
