import { getRequestListener } from '@hono/node-server';
import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Access } from '../access/access.ts';
import { checkBind } from '../access/bind.ts';
import { cannotListen, urlOf } from '../cluster/door.ts';
import { SignalboxError } from '../errors.ts';
import type { Engine } from '../signalbox.ts';
import { createGateway } from './app.ts';
import { openAccess } from './open-access.ts';
import type { GatewayContext } from './context.ts';
import { createNodeInference } from './node-inference.ts';

/** Connections that another process accepts. */
export interface GivenConnections {
  /** Where that one listens. */
  readonly url: string;
  /** Calls back with each. */
  readonly follow: (given: (socket: Socket) => void) => void;
}

export interface ServeOptions {
  readonly engine: Engine;
  /** Folder of the built page. */
  readonly dashboard?: string;
  /** Left out: it listens itself. */
  readonly connections?: GivenConnections | undefined;
  /** How long requests in flight may take after `close`, milliseconds. */
  readonly drain?: number;
  /** An administrator's key beside those of the configuration, `sb-…`. */
  readonly adminKey?: string;
  /** How often keys that other processes made are looked for, milliseconds. */
  readonly keyPoll?: number;
}

/** A gateway that listens. */
export interface RunningGateway {
  /** `http://127.0.0.1:3456` */
  readonly url: string;
  /** Refuses new requests, waits for those in flight, then closes the server. The engine stays open. */
  close(): Promise<void>;
}

const DRAIN_MS = 30_000;

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string')
        reject(new SignalboxError('internal', 'the server has no address'));
      else resolve(urlOf(address));
    });
  });
}

/** Serves the connections that another process has accepted. */
function serveGiven(server: Server, { url, follow }: GivenConnections): string {
  // Its timeouts begin with this.
  server.emit('listening');
  follow((socket) => {
    socket.allowHalfOpen = true;
    server.emit('connection', socket);
    socket.resume();
  });
  return url;
}

/** Counts the responses that are under way. */
function createTraffic() {
  let active = 0;
  let quiet: (() => void) | undefined;
  return {
    began(response: ServerResponse): void {
      active++;
      response.once('close', () => {
        active--;
        if (active === 0) quiet?.();
      });
    },
    /** Resolves when no response is under way. */
    ended: () => new Promise<void>((resolve) => (active === 0 ? resolve() : (quiet = resolve))),
  };
}

/**
 * Closes a pipelined response with its connection. While it waits for the one before it, it has no connection of its
 * own, and Node never tells it that the client has left.
 */
function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket !== null) return;
  const gone = () => {
    if (response.socket !== null) return;
    response.destroy();
    response.emit('close');
  };
  // A client may send any number of requests ahead.
  socket.setMaxListeners(0);
  socket.once('close', gone);
  response.once('close', () => socket.off('close', gone));
}

/** Waits for what is under way, `drain` milliseconds at most, then closes every connection, unused ones included. */
async function closeServer(server: Server, ended: Promise<void>, drain: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, drain)));
  await Promise.race([ended, late]);
  clearTimeout(timer);
  server.closeAllConnections();
  await closed;
}

/**
 * Listens where `server` says.
 * @throws `config_invalid` when the bind address would be open to others without keys, `port_in_use`.
 */
export async function serveGateway(options: ServeOptions): Promise<RunningGateway> {
  const access = openAccess(options.engine, options);
  try {
    return await listenWith(access, options);
  } catch (error) {
    access.keys.close();
    throw error;
  }
}

async function listenWith(access: Access, options: ServeOptions): Promise<RunningGateway> {
  const { engine } = options;
  const { config } = engine.snapshot();
  await checkBind(config, access.keys, engine.runtime.clock.now());
  let draining = false;
  const closing = new AbortController();
  const context: GatewayContext = {
    engine,
    access,
    draining: () => draining,
    closing: closing.signal,
    ...(options.dashboard === undefined ? {} : { dashboard: options.dashboard }),
  };
  const gateway = createGateway(context);
  const listener = getRequestListener((request, env) =>
    env.incoming instanceof IncomingMessage ? gateway(request, { incoming: env.incoming }) : gateway(request),
  );
  const takesInference = createNodeInference(context);
  const traffic = createTraffic();
  const server = createServer({ keepAliveTimeout: 75_000, noDelay: true }, (incoming, outgoing) => {
    traffic.began(outgoing);
    closeWithConnection(incoming, outgoing);
    if (!takesInference(incoming, outgoing)) void listener(incoming, outgoing);
  });
  // Node drops those beyond 2000 without a word, and with them what a proxy said of the caller. Their bytes are limited.
  server.maxHeadersCount = 0;
  const { host, port } = config.server;
  const { connections } = options;
  const url = connections === undefined ? await listen(server, host, port) : serveGiven(server, connections);
  void access.keys.start();
  return {
    url,
    async close() {
      draining = true;
      closing.abort();
      access.keys.close();
      await closeServer(server, traffic.ended(), options.drain ?? DRAIN_MS);
    },
  };
}
