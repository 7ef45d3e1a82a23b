import { defineCommand } from 'citty';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkedFile } from '../checked.ts';
import type { LoadedConfig } from '../config/load.ts';
import { watchConfig } from '../config/watch.ts';
import { serveGateway, type RunningGateway } from '../gateway/serve.ts';
import { SignalboxError } from '../errors.ts';
import { openEngine, type Engine } from '../signalbox.ts';
import { createLog, isLogLevel, LOG_LEVELS, type Log, type LogLevel } from '../telemetry/log.ts';
import { adminKeyOf } from './admin-key.ts';
import { portOf } from './numbers.ts';
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
  /** Drains, flushes, closes. */
  stop(): Promise<void>;
}

/** Opens engine and gateway on a configuration. */
export async function startServing(source: Source, log: Log): Promise<Serving> {
  const engine = await openEngine(source.loaded, { log, thread: true });
  const dashboard = dashboardFolder();
  try {
    const adminKey = await adminKeyOf(source.loaded);
    const gateway = await serveGateway({
      engine,
      ...(dashboard === undefined ? {} : { dashboard }),
      ...(adminKey === undefined ? {} : { adminKey }),
    });
    // Whatever fails here fails again, and is reported, where it is needed.
    engine.prepare().catch(() => {});
    return {
      engine,
      gateway,
      async stop() {
        await gateway.close();
        await engine.close();
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
  args: { readonly port?: string | undefined; readonly host?: string | undefined },
): Source {
  const { config } = source.loaded;
  const port = args.port === undefined ? config.server.port : portOf(args.port);
  const server = { ...config.server, port, host: args.host ?? config.server.host };
  return { ...source, loaded: { ...source.loaded, config: { ...config, server } } };
}

function banner(source: Source, { gateway, engine }: Serving): void {
  const { catalog, routers, config } = engine.snapshot();
  const names = catalog.models.map((model) => model.id).join(', ');
  // Where it listens everywhere, clients on this machine call loopback.
  const url = gateway.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  const closed = config.auth.mode === 'required';
  print(
    `Signalbox listens at ${gateway.url} (${source.from})`,
    `  models    ${names}`,
    `  router    ${routers.get(config.routing.router)?.name ?? ''}, default ${engine.snapshot().default}, ledger in ${engine.ledger.status().driver}`,
    `  OpenAI    base URL ${url}/v1, ${closed ? 'a key (signalbox keys create …)' : 'any API key'}, model "auto"`,
    `  page      ${url}/ui/${closed ? ', by an administrator’s key' : ''}`,
  );
}

/** Follows the file that `loaded` was read from; what the command line overrides stays. */
function watch(loaded: LoadedConfig, engine: Engine, log: Log, signal: AbortSignal): void {
  const { path } = loaded;
  if (path === undefined) return;
  const { server } = engine.snapshot().config;
  const { reloads } = engine.runtime;
  watchConfig({
    path,
    current: loaded,
    load: () => checkedFile(path, process.env),
    onChange: async (next) => {
      for (const { message } of next.warnings) log.warn({ path }, message);
      await engine.replace({ ...next, config: { ...next.config, server } });
      reloads.settle('config', path);
    },
    onError: ({ message }) => {
      log.error({ path, error: message }, 'the new configuration is refused; the old one stays');
      reloads.refuse('config', path, message);
    },
    onRestored: () => {
      log.info({ path }, 'the configuration holds again: it is the one in use');
      reloads.settle('config', path);
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
    log: { type: 'string', default: 'info', description: 'Log level: debug, info, warn, error, silent' },
  },
  async run({ args }) {
    const log = createLog({ level: logLevel(args.log) });
    const found = await findSource(args);
    const source = withOverrides(found, args);
    const stopped = stopSignal();
    const serving = await startServing(source, log);
    const watching = new AbortController();
    watch(found.loaded, serving.engine, log, watching.signal);
    if (args.json === true) printJson({ url: serving.gateway.url, pid: process.pid, from: source.from });
    else banner(source, serving);
    for (const { message } of source.loaded.warnings) log.warn({}, message);
    const signal = await stopped;
    log.info({ signal }, 'draining');
    watching.abort();
    await serving.stop();
    log.info({}, 'closed; every request is in the ledger');
    return 0;
  },
});
