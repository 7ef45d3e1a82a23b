import { defineCommand } from 'citty';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkedFile } from '../checked.ts';
import type { Primary } from '../cluster/protocol.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { watchConfig } from '../config/watch.ts';
import { serveGateway, type GivenConnections, type RunningGateway } from '../gateway/serve.ts';
import { SignalboxError } from '../errors.ts';
import { openEngine, type Engine } from '../signalbox.ts';
import { createLog, isLogLevel, LOG_LEVELS, type Log, type LogLevel } from '../telemetry/log.ts';
import { adminKeyOf } from './admin-key.ts';
import { portOf, wholeNumber } from './numbers.ts';
import { print, printJson } from './print.ts';
import { findSource, SOURCE_ARGS, type Source } from './source.ts';

/** The built page: beside the compiled commands, or in dist when the sources run. */
export function dashboardFolder(): string | undefined {
  const places = ['../dashboard/', '../../dist/dashboard/'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(`${place}index.html`));
}

/** An engine and a gateway that listens. */
export interface Serving {
  readonly engine: Engine;
  readonly gateway: RunningGateway;
  /** Drains, flushes, closes. False when the store did not take everything. */
  stop(): Promise<boolean>;
}

/** Where a gateway is one of several processes. */
export interface Membership {
  readonly primary: Primary;
  readonly connections: GivenConnections;
}

/** Opens engine and gateway on a configuration. */
export async function startServing(loaded: LoadedConfig, log: Log, member?: Membership): Promise<Serving> {
  const engine = await openEngine(loaded, { log, thread: true, primary: member?.primary });
  const dashboard = dashboardFolder();
  try {
    const adminKey = await adminKeyOf(loaded);
    const gateway = await serveGateway({
      engine,
      ...(dashboard === undefined ? {} : { dashboard }),
      ...(adminKey === undefined ? {} : { adminKey }),
      connections: member?.connections,
    });
    // Whatever fails here fails again, and is reported, where it is needed.
    engine.prepare().catch(() => {});
    return {
      engine,
      gateway,
      async stop() {
        await gateway.close();
        return engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) {
        process.removeListener(name, stop);
        process.once(name, () => process.exit(1));
      }
      resolve(signal);
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
}

function logLevel(word: string): LogLevel {
  if (isLogLevel(word)) return word;
  throw new SignalboxError('invalid_request', `--log takes ${LOG_LEVELS.join(', ')}, not "${word.slice(0, 40)}"`);
}

function withOverrides(
  source: Source,
  args: {
    readonly port?: string | undefined;
    readonly host?: string | undefined;
    readonly workers?: string | undefined;
  },
): Source {
  const { config } = source.loaded;
  const port = args.port === undefined ? config.server.port : portOf(args.port);
  const workers = args.workers === undefined ? config.server.workers : wholeNumber(args.workers, 'workers', 1, 256);
  const server = { ...config.server, port, host: args.host ?? config.server.host, workers };
  return { ...source, loaded: { ...source.loaded, config: { ...config, server } } };
}

/** What is worth knowing of a gateway that listens, in lines. */
export function bannerOf({ gateway, engine }: Serving): string[] {
  const { catalog, routers, config } = engine.snapshot();
  const names = catalog.models.map((model) => model.id).join(', ');
  // Where it listens everywhere, clients on this machine call loopback.
  const url = gateway.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  const closed = config.auth.mode === 'required';
  return [
    `  models    ${names}`,
    `  router    ${routers.get(config.routing.router)?.name ?? ''}, default ${engine.snapshot().default}, ledger in ${engine.ledger.status().driver}`,
    `  OpenAI    base URL ${url}/v1, ${closed ? 'a key (signalbox keys create …)' : 'any API key'}, model "auto"`,
    `  page      ${url}/ui/${closed ? ', by an administrator’s key' : ''}`,
  ];
}

/** What serves, in this process or in several. */
export interface Service {
  readonly url: string;
  /** What is worth knowing of it, in lines. */
  readonly lines: readonly string[];
  /** Replaces the configuration. */
  replace(next: LoadedConfig): Promise<void>;
  /** The newest file is refused for this, or holds again (null). */
  reloaded(path: string, error: string | null): void;
  /** Rejects when it cannot go on. */
  readonly lost: Promise<never>;
  /** False when the store did not take everything. */
  stop(): Promise<boolean>;
}

/** Serves in this process. */
async function serveHere(loaded: LoadedConfig, log: Log): Promise<Service> {
  const serving = await startServing(loaded, log);
  const { engine, gateway } = serving;
  return {
    url: gateway.url,
    lines: bannerOf(serving),
    replace: engine.replace,
    reloaded: (path, error) => tellReload(engine, path, error),
    lost: new Promise<never>(() => {}),
    stop: serving.stop,
  };
}

/** Notes whether the newest configuration is in use. */
export function tellReload({ runtime: { reloads } }: Engine, path: string, error: string | null): void {
  if (error === null) reloads.settle('config', path);
  else reloads.refuse('config', path, error);
}

/** Follows the file that `loaded` was read from; what the command line overrides stays. */
function watch(loaded: LoadedConfig, server: Config['server'], service: Service, log: Log, signal: AbortSignal): void {
  const { path } = loaded;
  if (path === undefined) return;
  watchConfig({
    path,
    current: loaded,
    load: () => checkedFile(path, process.env),
    onChange: async (next) => {
      for (const { message } of next.warnings) log.warn({ path }, message);
      await service.replace({ ...next, config: { ...next.config, server } });
      service.reloaded(path, null);
    },
    onError: ({ message }) => {
      log.error({ path, error: message }, 'the new configuration is refused; the old one stays');
      service.reloaded(path, message);
    },
    onRestored: () => {
      log.info({ path }, 'the configuration holds again: it is the one in use');
      service.reloaded(path, null);
    },
    onNote: (message) => log.warn({ path }, message),
    signal,
  });
}

export const serve = defineCommand({
  meta: { name: 'serve', description: 'Run the gateway until SIGTERM or Ctrl-C' },
  args: {
    ...SOURCE_ARGS,
    port: { type: 'string', alias: 'p', description: 'Port (default: server.port; 0 = any free one)' },
    host: { type: 'string', description: 'Address to listen on (default: server.host)' },
    workers: { type: 'string', alias: 'w', description: 'Processes that serve (default: server.workers, which is 1)' },
    log: { type: 'string', default: 'info', description: 'Log level: debug, info, warn, error, silent' },
  },
  async run({ args }) {
    const level = logLevel(args.log);
    const log = createLog({ level });
    const found = await findSource(args);
    const { loaded, from } = withOverrides(found, args);
    const { server } = loaded.config;
    const stopped = stopSignal();
    const service =
      server.workers === 1
        ? await serveHere(loaded, log)
        : await import('./serve-workers.ts').then(({ serveWorkers }) => serveWorkers(loaded, level, log));
    const watching = new AbortController();
    watch(found.loaded, server, service, log, watching.signal);
    const { url } = service;
    if (args.json === true) printJson({ url, pid: process.pid, from });
    else print(`Signalbox listens at ${url} (${from})`, ...service.lines);
    for (const { message } of loaded.warnings) log.warn({}, message);
    let complete = false;
    try {
      const signal = await Promise.race([stopped, service.lost]);
      log.info({ signal }, 'draining');
    } finally {
      watching.abort();
      complete = await service.stop();
    }
    if (complete) log.info({}, 'closed; the store has everything that the journal took');
    else log.warn({}, 'closed; the journal keeps for the next start what the store did not take');
    return 0;
  },
});
