import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

/** A Redis that tests may use; they keep to prefixes of their own. */
export const REDIS_URL = process.env['SIGNALBOX_TEST_REDIS'] ?? 'redis://127.0.0.1:6379';

/** Whether it answers. */
export async function redisAnswers(url = REDIS_URL): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** A prefix that nobody else uses, the keys under it, and what removes them. */
export function ownPrefix(url = REDIS_URL): {
  readonly prefix: string;
  keys(): Promise<string[]>;
  remove(): Promise<void>;
} {
  const prefix = `signalbox-test:${randomBytes(6).toString('hex')}:`;
  return {
    prefix,
    async keys() {
      const client = new Redis(url);
      return client.keys(`${prefix}*`).finally(() => client.disconnect());
    },
    async remove() {
      const client = new Redis(url);
      for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
        if (keys.length > 0) await client.del(...keys);
      }
      client.disconnect();
    },
  };
}

/** Whether a test can have a Redis of its own. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of a test's own, to be stopped at will. It keeps nothing over a restart. */
export interface OwnRedis {
  readonly url: string;
  /** Ends it at once. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It keeps its connections and says nothing. */
  freeze(): void;
  thaw(): void;
}

export async function startRedis(): Promise<OwnRedis> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const own: OwnRedis = {
    url,
    async start() {
      child = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        {
          stdio: 'ignore',
        },
      );
      while (!(await redisAnswers(url))) continue;
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
  await own.start();
  return own;
}

/** A way to a port that can be blocked: connections stay, and nothing goes through them ever again. */
export interface Way {
  readonly url: string;
  block(): void;
  open(): void;
  close(): void;
}

export async function startWay(port: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let blocked = false;
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      let lost = blocked;
      from.on('data', (bytes) => {
        lost ||= blocked;
        if (!lost) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${address.port}`,
    block: () => void (blocked = true),
    open: () => void (blocked = false),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
