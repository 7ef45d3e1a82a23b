import { createAccounts } from './access/accounts.ts';
import { createBudgets } from './access/budgets.ts';
import { buildCatalog } from './catalog/build.ts';
import { priceTrouble, staleText, type PriceTrouble } from './catalog/price-age.ts';
import { dayOf, systemClock, type Clock, type Random } from './clock.ts';
import type { Primary } from './cluster/protocol.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { createPrecedence, defaultModel } from './decide/precedence.ts';
import { checkArtifact, someNames, summariseArtifact, unreadEmbedders, workingArtifacts } from './flow/artifacts.ts';
import { createEmbeddingKeeper, type EmbeddingKeeper } from './flow/embedding.ts';
import { spentOf } from './flow/spent.ts';
import { closeKept, openKept } from './flow/kept.ts';
import { needOf } from './flow/health.ts';
import { createMemory } from './flow/memory.ts';
import { createForgetting, type Forgetting } from './flow/forgetting.ts';
import { loadRedact } from './flow/load-redact.ts';
import { createPrompts } from './flow/prompts.ts';
import { createRecent } from './flow/recent.ts';
import type { Redact } from './flow/redact.ts';
import type { Runtime } from './flow/runtime.ts';
import type { Snapshot } from './flow/snapshot.ts';
import { createIds } from './id.ts';
import { openLedger, type Ledger } from './ledger/ledger.ts';
import { createProviders } from './providers/registry.ts';
import { createTransport, type Transport } from './providers/transport.ts';
import { routerOf } from './routers/registry.ts';
import type { Router } from './routers/router.ts';
import { openState } from './state/open-state.ts';
import { silentLog, type Log } from './telemetry/log.ts';
import { createMetrics, type Gauges } from './telemetry/metrics.ts';
import { createReloads } from './telemetry/reloads.ts';
import {
  artifactPlace,
  createArtifactKeeper,
  type ArtifactKeeper,
  type Artifacts,
} from './training/artifact-keeper.ts';

/** What an engine is built from beside its config; everything has a default. */
export interface EngineOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Moves the journal into the store in a thread of its own. */
  readonly thread?: boolean;
  /** Takes out of texts what must not be kept, in place of `storage.redact`. */
  readonly redact?: Redact;
  /** The primary process, where this engine is one of several workers. */
  readonly primary?: Primary | undefined;
}

/** The composed whole: holds the current snapshot and what outlives it. */
export interface Engine {
  /** The current world. A request captures it once and keeps it. */
  snapshot(): Snapshot;
  /** Replaces the world; requests in flight keep theirs. */
  replace(loaded: LoadedConfig): Promise<void>;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  readonly forgetting: Forgetting;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Requests that are open now, in all processes of this gateway. */
  inFlight(): Promise<number>;
  /** Loads what the first upstream call and the ledger's first reader would wait for; due once a gateway listens. */
  prepare(): Promise<void>;
  /** Flushes the ledger and closes every connection. Requests must have ended. False when the store did not take everything. */
  close(): Promise<boolean>;
}

function loadRouters(config: Config, artifacts: Artifacts): ReadonlyMap<string, Router> {
  const names = [config.routing.router, ...Object.values(config.roles).flatMap((role) => role.router ?? [])];
  return new Map(names.map((name) => [name, artifacts.get(name)?.router ?? routerOf(name)]));
}

/**
 * Builds the world of a loaded config: catalogue, providers, routers, precedence.
 * @throws `config_invalid` for an unknown router, `artifact_invalid` for an artifact that cannot be used here.
 */
export async function buildSnapshot(
  loaded: Pick<LoadedConfig, 'config' | 'version' | 'path'>,
  deps: {
    readonly transport: Transport;
    readonly clock: Clock;
    readonly random: Random;
    /** Keeps embedders from one snapshot to the next. */
    readonly embeddings?: EmbeddingKeeper;
    /** The same for artifacts. */
    readonly artifacts?: ArtifactKeeper;
  },
): Promise<Snapshot> {
  const { config, version } = loaded;
  const catalog = await buildCatalog(config, { today: dayOf(deps.clock.now()) });
  const keeper = deps.artifacts ?? createArtifactKeeper(silentLog, createReloads(deps.clock));
  const artifacts = await keeper.of(artifactPlace(loaded), (setting, active) =>
    checkArtifact(setting, active, config, catalog),
  );
  const routers = loadRouters(config, artifacts);
  const names = [...routers].map(([name, router]) => artifacts.get(name)?.name ?? router.name);
  const working = workingArtifacts(artifacts, config, catalog);
  const measuredBest = (router: string) => working.get(router)?.best;
  return {
    config,
    catalog,
    providers: createProviders(config.providers, deps),
    routers,
    artifacts: working,
    redact: await loadRedact(loaded),
    embeddings: (deps.embeddings ?? createEmbeddingKeeper(deps)).of(config),
    default: defaultModel(config.routing, catalog, measuredBest),
    versions: {
      config: version,
      catalog: catalog.version,
      prices: catalog.pricesVersion,
      router: [...new Set(names)].join(','),
    },
    accounts: createAccounts(config),
    plan: createPrecedence(config, catalog, measuredBest),
  };
}

/** Says which models an artifact has not learnt about, and which embedders no artifact reads. */
function tellUnknown({ artifacts, catalog, config }: Snapshot, log: Log): void {
  const active = new Map([...artifacts].map(([setting, working]) => [setting, working.active]));
  for (const message of unreadEmbedders(config, active)) log.warn({}, message);
  for (const [setting, { active }] of artifacts) {
    const { unknown } = summariseArtifact(active, catalog);
    if (unknown.length === 0) continue;
    log.warn(
      { artifact: setting, router: active.name },
      `the router has learnt nothing about ${someNames(unknown)}: taken as declared, else as 50 %`,
    );
  }
}

function troubleOf({ catalog, config }: Snapshot, clock: Clock): PriceTrouble {
  return priceTrouble(catalog.models, config.prices.staleAfter, clock.now());
}

/** Says which prices are old or unknown. */
function tellPrices(snapshot: Snapshot, clock: Clock, log: Log): void {
  const trouble = troubleOf(snapshot, clock);
  const stale = staleText(trouble);
  if (stale !== undefined) log.warn({ upstreams: trouble.stale.map(({ upstream }) => upstream) }, stale);
  if (trouble.unknown.length === 0) return;
  log.warn({ upstreams: trouble.unknown }, 'nobody knows what these cost: set models[].price');
}

type WorldDeps = Parameters<typeof buildSnapshot>[1] & { readonly artifacts: ArtifactKeeper };

/** Builds one world after another: from a new config, or from the same one after an artifact's file has changed. */
async function openWorlds(loaded: LoadedConfig, deps: WorldDeps, log: Log) {
  const { artifacts } = deps;
  let config = loaded;
  let current = await buildSnapshot(loaded, deps);
  let building: Promise<unknown> = Promise.resolve();
  let closed = false;

  // In turn: the last one asked for is the one that stays.
  const build = (from: () => LoadedConfig, done: (before: Snapshot) => void): Promise<void> => {
    const work = async () => {
      const next = from();
      const before = current;
      try {
        current = await buildSnapshot(next, deps);
        config = next;
        done(before);
      } finally {
        follow();
      }
    };
    const built = building.then(work);
    building = built.catch(() => {});
    return built;
  };
  const swap = () => {
    const done = (before: Snapshot) => {
      const { router } = current.versions;
      if (router === before.versions.router) return;
      log.info({ from: before.versions.router, to: router }, 'a new artifact is in use');
      tellUnknown(current, log);
    };
    const refused = (error: unknown) => log.error({ error: String(error) }, 'the old artifact stays');
    build(() => config, done).catch(refused);
  };
  const follow = () => {
    if (!closed) artifacts.follow(artifactPlace(config), swap);
  };

  tellUnknown(current, log);
  tellPrices(current, deps.clock, log);
  follow();
  return {
    current: () => current,
    replace: (next: LoadedConfig) =>
      build(
        () => next,
        () => {
          log.info({ config: next.version, models: current.catalog.models.length }, 'configuration replaced');
          tellUnknown(current, log);
          tellPrices(current, deps.clock, log);
        },
      ),
    async close() {
      closed = true;
      artifacts.close();
      await building;
    },
  };
}

/** What the metrics show of now. */
function gaugesOf(world: Snapshot, { budgets, clock, recent, reloads, state }: Runtime, ledger: Ledger): Gauges {
  const { waiting, lost, behindBytes, trouble } = ledger.status();
  const prices = troubleOf(world, clock);
  return {
    inFlight: recent.inFlight,
    journalWaiting: waiting,
    journalLost: lost,
    ledgerBehindBytes: behindBytes,
    storeTrouble: trouble !== null,
    stateTrouble: state.trouble() !== null,
    reload: reloads.status(),
    pricesUnknown: prices.unknown.length,
    pricesStale: prices.stale.length,
    budgets: budgets.seen(),
  };
}

/**
 * Composes an engine from a loaded config.
 * @throws `storage_unavailable` when the journal or the store cannot be opened, `config_invalid` for an unknown router.
 */
export async function openEngine(loaded: LoadedConfig, options: EngineOptions = {}): Promise<Engine> {
  const { clock = systemClock, random = Math.random, log = silentLog, primary } = options;
  const { storage } = loaded.config;
  const transport = createTransport();
  const embeddings = createEmbeddingKeeper({ transport, clock, log });
  const reloads = createReloads(clock);
  const artifacts = createArtifactKeeper(log, reloads);
  const worlds = await openWorlds(loaded, { transport, clock, random, embeddings, artifacts }, log);
  const ledger = await openLedger({
    url: storage.url,
    journal: storage.journal,
    journalCap: storage.journalCap,
    retention: storage.retention,
    promptRetention: storage.promptRetention,
    clock,
    random,
    log,
    thread: options.thread ?? false,
    mover: primary?.mover,
  }).catch(async (error: unknown) => {
    await Promise.all([worlds.close(), embeddings.close(), transport.close()]);
    throw error;
  });
  const opened = primary?.state ?? openState(storage, { clock, log });
  const state = await Promise.resolve(opened).catch(async (error: unknown) => {
    await Promise.all([worlds.close(), embeddings.close(), transport.close(), ledger.close()]);
    throw error;
  });
  const metrics = createMetrics({ known: (model) => worlds.current().catalog.byId.has(model) });
  const runtime: Runtime = {
    clock,
    random,
    newId: createIds(clock, random),
    journal: ledger.journal,
    state,
    kept: openKept(loaded.config, clock, log, { store: ledger.store.answers, redis: state.answers }),
    budgets: createBudgets(state, clock, spentOf(ledger, clock, log)),
    metrics: primary === undefined ? metrics : { ...metrics, text: primary.metrics },
    log,
    reloads,
    recent: createRecent(state),
    memory: createMemory(state, clock),
    prompts: createPrompts(clock, log, options.redact),
  };
  const learn = async (): Promise<void> => {
    const { catalog, config, providers } = worlds.current();
    const upstreams = catalog.models.flatMap((model) => model.upstreams);
    await runtime.memory.learn(upstreams, needOf({ config, providers }, 0).keys);
  };
  const forgetting = createForgetting(ledger, runtime);
  await learn();
  runtime.metrics.observe(() => gaugesOf(worlds.current(), runtime, ledger));
  return {
    snapshot: worlds.current,
    async replace(next) {
      await worlds.replace(next);
      runtime.memory.endCoolDowns();
      await learn();
    },
    runtime,
    ledger,
    forgetting,
    startedAt: primary?.startedAt ?? clock.now(),
    inFlight: async () => (primary === undefined ? runtime.recent.inFlight : primary.inFlight()),
    async prepare() {
      const { providers } = worlds.current().config;
      if (Object.values(providers).some(({ kind }) => kind !== 'simulated')) await transport.prepare();
      await ledger.store.entries({ limit: 1 });
    },
    async close() {
      await closeKept(runtime.kept);
      forgetting.close();
      await worlds.close();
      await embeddings.close();
      await transport.close();
      const complete = await ledger.close();
      await state.close();
      return complete;
    },
  };
}
