import type { Agent, Dispatcher } from 'undici';
import type { CallSignal } from './watch.ts';
import { WholeReader, type WholeAnswer } from './whole-reader.ts';

/** What a call needs beside its bytes. */
export interface Call {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal | CallSignal;
  /** Milliseconds to connect. */
  readonly connect: number;
}

/** A call whose answer is wanted as a whole. */
export interface WholeCall extends Call {
  readonly signal: CallSignal;
}

export type TransportAnswer = Dispatcher.ResponseData;

/** The connections of an engine to its upstreams; pools outlive snapshots. Redirects are never followed. */
export interface Transport {
  send(call: Call): Promise<TransportAnswer>;
  /** Reads the answer to its end: half the price of a stream that is then read. */
  sendWhole(call: WholeCall): Promise<WholeAnswer>;
  /** Loads what the first call would wait for. */
  prepare(): Promise<void>;
  /** Closes every connection; calls in flight fail. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Connections per origin. */
  readonly connections?: number;
  /** Milliseconds that an idle connection is kept. */
  readonly keepAlive?: number;
}

/** undici takes longer to load than all of Signalbox's own code, and an engine that calls nothing does without it. */
let loading: Promise<typeof Agent> | undefined;
/** Set once it is loaded: then no call waits a turn for it. */
let loaded: typeof Agent | undefined;
const loadAgent = () => (loading ??= import('undici').then((undici) => (loaded = undici.Agent)));

/**
 * Connections over undici. Its own header and body timers are off: limits differ per call and are the caller's.
 * A pool is kept per connect limit, since undici sets that per pool.
 */
export function createTransport({ connections = 256, keepAlive = 10_000 }: TransportOptions = {}): Transport {
  const agents = new Map<number, Agent>();
  const agentOf = (Undici: typeof Agent, connect: number): Agent => {
    const agent =
      agents.get(connect) ??
      new Undici({
        connections,
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: keepAlive,
        pipelining: 1,
        connect: { timeout: connect },
      });
    agents.set(connect, agent);
    return agent;
  };
  const options = ({ url, method, headers, body }: Call) => ({
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: headers as Record<string, string>,
    body: body ?? null,
  });
  return {
    async send(call) {
      const agent = agentOf(loaded ?? (await loadAgent()), call.connect);
      return agent.request({ ...options(call), signal: call.signal });
    },
    async sendWhole(call) {
      const agent = agentOf(loaded ?? (await loadAgent()), call.connect);
      const reader = new WholeReader(call.signal);
      agent.dispatch(options(call), reader);
      return reader.answer;
    },
    prepare: async () => void (await loadAgent()),
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}
