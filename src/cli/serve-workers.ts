import { createCrew, type Hand } from '../cluster/crew.ts';
import { openDoor } from '../cluster/door.ts';
import { watchPulse } from '../cluster/pulse.ts';
import { keepTally } from '../cluster/tally.ts';
import type { PrimaryTasks, Reload, Setup } from '../cluster/protocol.ts';
import { systemClock } from '../clock.ts';
import type { LoadedConfig } from '../config/load.ts';
import { SignalboxError } from '../errors.ts';
import { openLedger, type Ledger } from '../ledger/ledger.ts';
import { createHub } from '../state/primary.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';
import type { Service } from './serve.ts';

/** Between two looks at how the ledger's store keeps up, milliseconds. */
const LOOK_MS = 250;

function openOwnLedger({ config: { storage } }: LoadedConfig, log: Log): Promise<Ledger> {
  if (storage.url === 'memory:') {
    const advice = 'set storage.url to a file or a PostgreSQL, or server.workers to 1';
    throw new SignalboxError('config_invalid', `several workers cannot share the ledger "memory:": ${advice}`);
  }
  const { url, journal, journalCap, retention, promptRetention } = storage;
  return openLedger({
    url,
    journal,
    journalCap,
    retention,
    promptRetention,
    clock: systemClock,
    random: Math.random,
    log,
    thread: true,
  });
}

/**
 * Serves with `server.workers` processes on one port. This one answers no request: it counts what they share, moves their
 * journals into the store, sums up their metrics, and replaces those that die.
 * @throws what a worker throws that cannot start.
 */
export async function serveWorkers(first: LoadedConfig, level: LogLevel, log: Log): Promise<Service> {
  const { workers } = first.config.server;
  const startedAt = systemClock.now();
  const ledger = await openOwnLedger(first, log);
  // With Redis they share by that, as replicas do.
  const hub = first.config.storage.redis === null ? createHub(systemClock) : undefined;
  let loaded = first;
  let reload: Reload | undefined;

  const tally = keepTally(() => crew.hands());
  const tasks: PrimaryTasks = {
    flush: () => ledger.flush(),
    metrics: () => tally.text(),
    inFlight: () => tally.inFlight(),
  };
  const start = async ({ line }: Hand) => {
    hub?.attach(line.port);
    let given = loaded;
    const setup: Setup = { loaded: given, log: level, workers, startedAt, primary: process.pid, url: door.url };
    const started = await line.ask('start', setup);
    if (reload !== undefined) await line.ask('reload', reload);
    // What was changed while it started.
    while (given !== loaded) {
      given = loaded;
      await line.ask('replace', given);
    }
    return started;
  };
  const crew = createCrew({
    size: workers,
    log,
    tasks,
    start,
    back: (socket) => door.keep(socket),
    came: () => door.open(),
    gone: ({ id }) => tally.gone(id),
  });
  let ready = false;
  const { host, port } = first.config.server;
  // Connections wait until all workers serve.
  const door = await openDoor(host, port, (socket) => ready && crew.give(socket)).catch(async (error: unknown) => {
    await ledger.close();
    throw error;
  });

  let told = '';
  const looking = setInterval(() => {
    const { behindBytes, trouble } = ledger.status();
    const status = { behindBytes, trouble: trouble === null ? null : { message: trouble, since: systemClock.now() } };
    const now = JSON.stringify([behindBytes, trouble, crew.hands().map(({ id }) => id)]);
    if (now === told) return;
    told = now;
    for (const { line } of crew.hands()) line.ask('ledger', status).catch(() => {});
  }, LOOK_MS).unref();
  const unwatch = watchPulse(crew, log);
  const stop = async () => {
    clearInterval(looking);
    unwatch();
    tally.stop();
    await door.close();
    await crew.stop();
    // What the workers wrote last.
    await ledger.flush();
    return ledger.close();
  };

  try {
    const { lines } = await crew.start();
    ready = true;
    door.open();
    return {
      url: door.url,
      lines: [...lines, `  workers   ${workers}`],
      lost: crew.lost,
      stop,
      async replace(next) {
        const [canary] = crew.hands();
        if (canary === undefined) throw new SignalboxError('internal', 'no worker serves now; save the file again');
        await canary.line.ask('replace', next);
        loaded = next;
        // One may have begun to serve meanwhile, with what was in use before.
        for (const hand of crew.hands().filter((one) => one !== canary)) {
          // One that cannot have what the first has taken is replaced by one that starts with it.
          await hand.line.ask('replace', next).catch(() => crew.end(hand));
        }
      },
      reloaded(path, error) {
        reload = { path, error };
        for (const { line } of crew.hands()) line.ask('reload', reload).catch(() => {});
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
