import { Socket } from 'node:net';
import { isGiven, type Taken } from '../cluster/connection.ts';
import { createLine, type Pipe } from '../cluster/line.ts';
import type { Primary, PrimaryTasks, Setup, WorkerTasks } from '../cluster/protocol.ts';
import { systemClock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import type { GivenConnections } from '../gateway/serve.ts';
import type { MoverStatus } from '../ledger/mover.ts';
import { createWorkerState } from '../state/worker.ts';
import { createLog } from '../telemetry/log.ts';
import { bannerOf, startServing, tellReload, type Serving } from './serve.ts';

/** The process of one worker: it does what its primary asks. Without one there is nothing to do. */
const pipe: Pipe = {
  send: (message) => void (process.connected && process.send?.(message, undefined, undefined, () => {})),
  onMessage: (heard) => void process.on('message', heard),
  onClose: (gone) => void process.once('disconnect', gone),
};

let serving: Promise<Serving> | undefined;
let ended: Promise<boolean> | undefined;
const followers: ((status: MoverStatus) => void)[] = [];

const running = (): Promise<Serving> =>
  serving ?? Promise.reject(new SignalboxError('internal', 'this worker was not started'));
const end = (): Promise<boolean> => (ended ??= running().then(({ stop }) => stop()));

const tasks: WorkerTasks = {
  async start(setup) {
    serving = start(setup);
    const started = await serving;
    return { lines: bannerOf(started) };
  },
  async replace(loaded) {
    const { engine } = await running();
    await engine.replace(loaded);
    return null;
  },
  async reload({ path, error }) {
    const { engine } = await running();
    tellReload(engine, path, error);
    return null;
  },
  async report() {
    const { engine } = await running();
    const { metrics, recent } = engine.runtime;
    return { metrics: await metrics.report(), inFlight: recent.inFlight };
  },
  ping: async () => null,
  async ledger(status) {
    for (const told of followers) told(status);
    return null;
  },
  async stop() {
    await end();
    setImmediate(() => process.exit(0));
    return null;
  },
};
const line = createLine<PrimaryTasks, WorkerTasks>(pipe, tasks);
// The first word: now it listens.
pipe.send({});

function start({ loaded, log, workers, startedAt, url, primary: pid }: Setup): Promise<Serving> {
  const primary: Primary = {
    state: loaded.config.storage.redis === null ? createWorkerState(line.port, workers, systemClock) : undefined,
    mover: {
      pid,
      flush: () => line.ask('flush', null).catch(() => false),
      follow: (told) => void followers.push(told),
    },
    startedAt,
    metrics: () => line.ask('metrics', null),
    inFlight: () => line.ask('inFlight', null),
  };
  const connections: GivenConnections = {
    url,
    follow(given) {
      process.on('message', (message, socket) => {
        if (!isGiven(message) || !(socket instanceof Socket)) return;
        pipe.send({ kind: 'taken', number: message.number } satisfies Taken);
        given(socket);
      });
    },
  };
  return startServing(loaded, createLog({ level: log }), { primary, connections });
}

const leave = (): void => void end().finally(() => process.exit(0));
// The primary, which gets it as well, says when to stop.
process.on('SIGINT', () => {});
process.once('SIGTERM', leave);
// Nobody gives it connections any more.
process.once('disconnect', leave);
