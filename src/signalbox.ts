import { buildCatalog } from './catalog/build.ts';
import { systemClock, type Clock, type Random } from './clock.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { createPrecedence, defaultModel } from './decide/precedence.ts';
import { createEmbeddingKeeper, type EmbeddingKeeper } from './flow/embedding.ts';
import { createMemory } from './flow/memory.ts';
import { createRecent } from './flow/recent.ts';
import type { Runtime } from './flow/runtime.ts';
import type { Snapshot } from './flow/snapshot.ts';
import { createIds } from './id.ts';
import { openLedger, type Ledger } from './ledger/ledger.ts';
import { createProviders } from './providers/registry.ts';
import { createTransport, type Transport } from './providers/transport.ts';
import { routerOf } from './routers/registry.ts';
import type { Router } from './routers/router.ts';
import { createMemoryState } from './state/memory.ts';
import { silentLog, type Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

/** What an engine is built from beside its config; everything has a default. */
export interface EngineOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Moves the journal into the store in a thread of its own. */
  readonly thread?: boolean;
}

/** The composed whole: holds the current snapshot and what outlives it. */
export interface Engine {
  /** The current world. A request captures it once and keeps it. */
  snapshot(): Snapshot;
  /** Replaces the world; requests in flight keep theirs. */
  replace(loaded: LoadedConfig): Promise<void>;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Flushes the ledger and closes every connection. Requests must have ended. */
  close(): Promise<void>;
}

function loadRouters(config: Config): ReadonlyMap<string, Router> {
  const names = [config.routing.router, ...Object.values(config.roles).flatMap((role) => role.router ?? [])];
  return new Map(names.map((name) => [name, routerOf(name)]));
}

/** Builds the world of a loaded config: catalogue, providers, routers, precedence. */
export async function buildSnapshot(
  { config, version }: Pick<LoadedConfig, 'config' | 'version'>,
  deps: {
    readonly transport: Transport;
    readonly clock: Clock;
    readonly random: Random;
    /** Keeps embedders from one snapshot to the next. */
    readonly embeddings?: EmbeddingKeeper;
  },
): Promise<Snapshot> {
  const catalog = await buildCatalog(config);
  const routers = loadRouters(config);
  return {
    config,
    catalog,
    providers: createProviders(config.providers, deps),
    routers,
    embeddings: (deps.embeddings ?? createEmbeddingKeeper(deps)).of(config),
    default: defaultModel(config.routing, catalog),
    versions: {
      config: version,
      catalog: catalog.version,
      prices: catalog.pricesVersion,
      router: [...new Set([...routers.values()].map((router) => router.name))].join(','),
    },
    plan: createPrecedence(config, catalog),
  };
}

/**
 * Composes an engine from a loaded config.
 * @throws `storage_unavailable` when the journal or the store cannot be opened, `config_invalid` for an unknown router.
 */
export async function openEngine(loaded: LoadedConfig, options: EngineOptions = {}): Promise<Engine> {
  const { clock = systemClock, random = Math.random, log = silentLog } = options;
  const { storage } = loaded.config;
  const transport = createTransport();
  const embeddings = createEmbeddingKeeper({ transport, clock, log });
  const deps = { transport, clock, random, embeddings };
  let current = await buildSnapshot(loaded, deps);
  const ledger = await openLedger({
    url: storage.url,
    journal: storage.journal,
    journalCap: storage.journalCap,
    retention: storage.retention,
    clock,
    random,
    log,
    thread: options.thread ?? false,
  });
  const state = createMemoryState(clock);
  const runtime: Runtime = {
    clock,
    random,
    newId: createIds(clock, random),
    journal: ledger.journal,
    state,
    metrics: createMetrics({ known: (model) => current.catalog.byId.has(model) }),
    log,
    recent: createRecent(),
    memory: createMemory(state, clock),
  };
  runtime.metrics.observe(() => {
    const { waiting, lost, behindBytes, trouble } = ledger.status();
    return {
      inFlight: runtime.recent.inFlight,
      journalWaiting: waiting,
      journalLost: lost,
      ledgerBehindBytes: behindBytes,
      storeTrouble: trouble !== null,
    };
  });
  return {
    snapshot: () => current,
    async replace(next) {
      current = await buildSnapshot(next, deps);
      runtime.memory.endCoolDowns();
      log.info({ config: next.version, models: current.catalog.models.length }, 'configuration replaced');
    },
    runtime,
    ledger,
    startedAt: clock.now(),
    async close() {
      await embeddings.close();
      await transport.close();
      await ledger.close();
      await state.close();
    },
  };
}
