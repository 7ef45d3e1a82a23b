import type { Socket } from 'node:net';
import { isObject } from '../../../src/protocol/guards.ts';
import type { FaultKind } from './faults.ts';
import type { HttpRequest } from './http.ts';

/** One call as the server saw it. */
export interface FaultCall {
  /** Milliseconds since the server started. */
  readonly at: number;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request's JSON; empty where it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly raw: string;
  /** What the call met. */
  readonly fault: FaultKind;
  /** The client closed the connection before the answer was over. */
  readonly closedByClient: boolean;
  /** Resolves when the answer is over or the connection gone. */
  readonly over: Promise<void>;
}

/** The JSON object of a request, if it is one. */
export function objectOf(raw: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body: unknown = JSON.parse(raw);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** The calls of one server, and how many are in flight. */
export interface Calls {
  readonly all: readonly FaultCall[];
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Books a call; the returned function says that its answer is over. */
  book(socket: Socket, request: HttpRequest, fault: FaultKind, at: number): () => void;
}

/** `closing`: whether it is the server who closes connections. `keep`: false forgets the calls. */
export function createCalls(closing: () => boolean, keep: boolean): Calls {
  const all: FaultCall[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  return {
    all,
    get inFlight() {
      return inFlight;
    },
    get maxInFlight() {
      return maxInFlight;
    },
    book(socket, request, fault, at) {
      maxInFlight = Math.max(maxInFlight, ++inFlight);
      let closedByClient = false;
      let settle: () => void = () => {};
      const over = new Promise<void>((resolve) => (settle = resolve));
      const end = () => {
        inFlight--;
        socket.off('close', gone);
        settle();
      };
      const gone = () => {
        closedByClient = !closing();
        end();
      };
      socket.once('close', gone);
      const { path, headers, body: raw } = request;
      if (!keep) return end;
      all.push({
        at,
        path,
        headers,
        body: objectOf(raw) ?? {},
        raw,
        fault,
        get closedByClient() {
          return closedByClient;
        },
        over,
      });
      return end;
    },
  };
}
