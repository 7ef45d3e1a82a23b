import type { IncomingMessage } from 'node:http';
import type { HeaderReader } from '../protocol/headers.ts';
import type { GatewayContext, NodeBindings } from './context.ts';
import { splitPath } from './paths.ts';

/** A request as the guard reads it, whether it came through Node or as a Fetch `Request`. */
export interface Ingress {
  /** The request's id, given here. */
  readonly id: string;
  /** Clock reading at ingress. */
  readonly started: number;
  /** Milliseconds since then spent waiting for the caller's body. */
  waited: number;
  readonly method: string;
  /** Without the role's prefix. */
  readonly path: string;
  /** From `/role/<name>/…`. */
  readonly role?: string;
  readonly header: HeaderReader;
  /** Lower-case names of all headers. */
  readonly headerNames: () => Iterable<string>;
  /** The peer's address; absent inside the process. */
  readonly remoteAddress: string | undefined;
}

type Headers = Pick<Ingress, 'header' | 'headerNames'>;

function ingress(context: GatewayContext, method: string, url: string, headers: Headers, peer?: string): Ingress {
  const { runtime } = context.engine;
  const { path, role } = splitPath(url);
  return {
    id: runtime.newId(),
    started: runtime.clock.elapsed(),
    waited: 0,
    method,
    path,
    header: headers.header,
    headerNames: headers.headerNames,
    remoteAddress: peer,
    ...(role === undefined ? {} : { role }),
  };
}

function nodeHeaders({ headers }: IncomingMessage): Headers {
  return {
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    headerNames: () => Object.keys(headers),
  };
}

/** What Node's server was sent. */
export function nodeIngress(context: GatewayContext, incoming: IncomingMessage): Ingress {
  const { method = '', url = '/', socket } = incoming;
  return ingress(context, method, url, nodeHeaders(incoming), socket.remoteAddress);
}

/** What a Fetch function was called with; Node's own request, where there is one, is cheaper to read. */
export function fetchIngress(context: GatewayContext, request: Request, { incoming }: NodeBindings): Ingress {
  const headers = incoming === undefined ? fetchHeaders(request) : nodeHeaders(incoming);
  return ingress(context, request.method, request.url, headers, incoming?.socket.remoteAddress);
}

function fetchHeaders({ headers }: Request): Headers {
  return { header: (name) => headers.get(name) ?? undefined, headerNames: () => headers.keys() };
}
