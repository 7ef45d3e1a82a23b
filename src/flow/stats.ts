import type { UsageRow } from '../ledger/store.ts';
import { noUsage } from '../ledger/usage-report.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { strategyName, strategyOf } from '../decide/strategy.ts';
import type { ReloadStatus } from '../telemetry/reloads.ts';
import { VERSION } from '../version.ts';
import { summariseArtifact, type ArtifactSummary } from './artifacts.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** What runs, and totals over the whole ledger. Money in USD; baseline and savings are counterfactual. */
export interface Stats extends Pick<
  UsageRow,
  | 'requests'
  | 'failed'
  | 'cancelled'
  | 'interrupted'
  | 'fallbacks'
  | 'cached'
  | 'inputTokens'
  | 'outputTokens'
  | 'costUsd'
  | 'reservedUsd'
  | 'baselineCostUsd'
  | 'savingsUsd'
  | 'unpriced'
  | 'estimated'
  | 'overheadMs'
> {
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly mode: string;
  readonly router: string;
  /** Artifacts in use, those of roles included. */
  readonly artifacts: readonly ArtifactSummary[];
  readonly strategy: string;
  readonly default: string;
  /** True when any model is simulated. */
  readonly simulated: boolean;
  readonly inFlight: number;
  /** The newest configuration and artifact where they were refused: what was in use before stays. */
  readonly reload: ReloadStatus;
  readonly ledger: { readonly driver: string; readonly behindBytes: number; readonly trouble: string | null };
  readonly models: readonly {
    readonly id: string;
    readonly provider: string;
    readonly simulated: boolean;
    readonly priced: boolean;
  }[];
}

/** Reads {@link Stats} of an engine. */
export async function readStats(engine: {
  readonly snapshot: () => Snapshot;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  readonly startedAt: number;
  readonly inFlight: () => Promise<number>;
}): Promise<Stats> {
  const snapshot = engine.snapshot();
  const { routing } = snapshot.config;
  const [total] = await engine.ledger.store.usage({ since: 0, until: engine.runtime.clock.now() + 1 });
  const { start: _start, group: _group, ...sums } = total ?? noUsage(0);
  const models = snapshot.catalog.models.map((model) => ({
    id: model.id,
    provider: model.upstreams[0]?.provider ?? '',
    simulated: model.upstreams.some((upstream) => snapshot.providers.get(upstream.provider)?.simulated === true),
    priced: model.upstreams.some((upstream) => upstream.price !== null),
  }));
  const { driver, behindBytes, trouble } = engine.ledger.status();
  return {
    version: VERSION,
    startedAt: engine.startedAt,
    mode: routing.mode,
    router: snapshot.routers.get(routing.router)?.name ?? routing.router,
    artifacts: [...snapshot.artifacts.values()].map(({ active }) => summariseArtifact(active, snapshot.catalog)),
    strategy: strategyName(strategyOf(routing.strategy)),
    default: snapshot.default,
    simulated: models.some((model) => model.simulated),
    inFlight: await engine.inFlight(),
    ...sums,
    reload: engine.runtime.reloads.status(),
    ledger: { driver, behindBytes, trouble },
    models,
  };
}
