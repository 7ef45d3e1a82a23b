import { createServer, connect, type Socket } from 'node:net';

/** Stands between a client and a server. */
export interface TcpProxy {
  readonly port: number;
  /** Bytes pass. */
  pass(): void;
  /** Connections are refused, and those that are there are cut. */
  refuse(): Promise<void>;
  /** Connections are taken and stay open, but nothing passes any more. */
  hang(): void;
  /** Those that are there are cut; new ones pass. */
  cut(): void;
  /** Connections there have been. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of this machine. */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let hanging = false;
  let connections = 0;

  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
  };
  const server = createServer((client) => {
    connections++;
    const upstream = connect(target.port, target.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client]] as const) {
      from.on('error', () => {});
      from.on('data', (bytes) => void (hanging || to.write(bytes)));
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    get connections() {
      return connections;
    },
    pass() {
      hanging = false;
      if (!server.listening) void listen(port);
    },
    async refuse() {
      const stopped = server.listening ? stop() : Promise.resolve();
      cut();
      await stopped;
    },
    hang() {
      hanging = true;
    },
    cut,
    async close() {
      const stopped = server.listening ? stop() : Promise.resolve();
      cut();
      await stopped;
    },
  };
}
