import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * Sends bytes as they are to a server and gives what comes back until it closes the connection, or until `enough` says
 * that no more is needed.
 */
export function sendRaw(
  url: string,
  bytes: string | Uint8Array,
  enough: (told: string) => boolean = () => false,
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let told = '';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.setEncoding('latin1').on('data', (text: string) => {
      told += text;
      if (enough(told)) socket.destroy();
    });
    socket.on('close', () => resolve(told));
    socket.write(bytes);
  });
}

/** Statuses of the answers that came back, in order. */
export const statusesIn = (told: string): number[] =>
  [...told.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));

/** A request as text; the connection ends with its answer. */
export const rawRequest = (line: string, headers: readonly string[] = [], body = ''): string =>
  [line, ...headers, 'Connection: close', '', body].join('\r\n');

/** A server that nobody may reach: it notes who does. */
export interface Forbidden {
  readonly url: string;
  readonly port: number;
  /** What came in, request line and headers. */
  readonly visits: readonly string[];
  readonly connections: number;
  close(): Promise<void>;
}

export async function startForbidden(): Promise<Forbidden> {
  const visits: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    visits.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{"secret":"of the inner network"}');
  });
  server.on('connection', () => void connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    visits,
    get connections() {
      return connections;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
