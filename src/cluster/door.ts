import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SignalboxError } from '../errors.ts';

/** Where connections come in: this process accepts them, and reads nothing of them. */
export interface Door {
  /** `http://127.0.0.1:3456` */
  readonly url: string;
  /** Keeps a connection until somebody may take it. */
  keep(socket: Socket): void;
  /** Somebody may take those that wait now. */
  open(): void;
  /** Lets nobody in any more. */
  close(): Promise<void>;
}

/** The error of an address that cannot be listened on. */
export function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): SignalboxError {
  return error.code === 'EADDRINUSE'
    ? new SignalboxError(
        'port_in_use',
        `port ${port} on ${host} is taken: stop what listens there, or set server.port or --port`,
      )
    : new SignalboxError('config_invalid', `cannot listen on ${host}:${port}: ${error.message}`, { cause: error });
}

/** The URL of an address that is listened on. */
export const urlOf = ({ address, port, family }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;

/**
 * Listens. `take` is given each connection, and tells whether there is anyone for it; until then it waits.
 * @throws `port_in_use`, `config_invalid`
 */
export async function openDoor(host: string, port: number, take: (socket: Socket) => boolean): Promise<Door> {
  let waiting: Socket[] = [];
  // HTTP clients may end their side before they have read the answer.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
    // Whoever leaves before anyone has taken it.
    socket.on('error', () => socket.destroy());
    if (!take(socket)) waiting.push(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new SignalboxError('internal', 'the server has no address');
  return {
    url: urlOf(address),
    keep: (socket) => void waiting.push(socket),
    open() {
      const sockets = waiting;
      waiting = [];
      for (const socket of sockets) if (!take(socket)) waiting.push(socket);
    },
    async close() {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}
