import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { systemClock, type Clock } from '../../../src/clock.ts';
import { createCalls, objectOf, type FaultCall } from './calls.ts';
import { answerWith, type Fault } from './faults.ts';
import { createReply, readRequests, type HttpRequest } from './http.ts';
import type { Stage } from './stage.ts';
import { WIRES } from './wires/registry.ts';
import { tokenize, type RateLimits, type RefusalKind, type Wire, type WireName } from './wires/wire.ts';

export type { FaultCall } from './calls.ts';
export type { Fault } from './faults.ts';
export type { WireName } from './wires/wire.ts';

/** Tokens that every request is said to have. */
export const INPUT_TOKENS = 25;

/** Tokens of an answer unless told otherwise. */
export const OUTPUT_TOKENS = 60;

export interface FaultServerOptions {
  /** The only wire it speaks; left out, the path of a call tells. */
  readonly wire?: WireName;
  /** The text of every answer. */
  readonly text?: string;
  /** The tokens of every answer instead, or how many. */
  readonly tokens?: number | readonly string[];
  /** Times of the calls, of `down` and in answers. Delays are the machine's. */
  readonly clock?: Clock;
  /** Limits that every response tells. */
  readonly rate?: RateLimits;
  /** False forgets the calls, for long runs. */
  readonly keep?: boolean;
}

/** An upstream on raw sockets that fails as it is told. */
export interface FaultServer {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** The URL that clients of the wire are configured with. */
  readonly baseUrl: string;
  readonly text: string;
  readonly tokens: readonly string[];
  readonly calls: readonly FaultCall[];
  readonly openSockets: number;
  readonly openTimers: number;
  /** Calls whose answer is not over. */
  readonly inFlight: number;
  /** The most that were in flight at once. */
  readonly maxInFlight: number;
  /** What the next calls meet, one each; then `always`. */
  next(...faults: readonly Fault[]): void;
  /** What all calls meet from now on, or what gives it for each; `ok` at the start. */
  always(fault: Fault | (() => Fault)): void;
  /** Connections are refused, open ones reset: for `ms`, or until `accept`. */
  refuse(ms?: number): Promise<void>;
  accept(): Promise<void>;
  /** Leaves no socket and no timer. */
  close(): Promise<void>;
}

/** A fault, and since when it stands. */
interface Standing {
  readonly fault: Fault;
  readonly since: number;
}

const FINE: Standing = { fault: { kind: 'ok' }, since: 0 };

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const wordsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${n ? ' ' : ''}word${n}`);

/** What the answer says: the rest of the text where the request holds its beginning. */
function tokensAfter(said: string, text: string, tokens: readonly string[]): readonly string[] {
  return said !== '' && text.startsWith(said) ? tokenize(text.slice(said.length)) : tokens;
}

/** Starts the server on a free port of this machine. */
export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const { clock = systemClock, wire: only } = options;
  const told = options.tokens ?? OUTPUT_TOKENS;
  const tokens =
    options.text === undefined ? (typeof told === 'number' ? wordsOf(told) : told) : tokenize(options.text);
  const text = tokens.join('');
  const started = clock.elapsed();
  const queue: Standing[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const wires = only === undefined ? Object.values(WIRES) : [WIRES[only]];
  let standing = () => FINE;
  let closing = false;
  const calls = createCalls(() => closing, options.keep !== false);

  const answerTo = (socket: Socket, request: HttpRequest): void => {
    const [path = ''] = request.path.split('?');
    const found = wires.find((each) => request.method === 'POST' && path.endsWith(each.path));
    const wire: Wire = found ?? wires[0] ?? WIRES['openai-chat'];
    const { fault, since } = found === undefined ? FINE : (queue.shift() ?? standing());
    const onOver = calls.book(socket, request, fault.kind, clock.elapsed() - started);
    const close = request.headers['connection']?.toLowerCase() === 'close';
    const reply = createReply({ socket, close, timers, onOver });
    const body = objectOf(request.body);
    const id = `${port}x${calls.all.length}`;
    const model = typeof body?.['model'] === 'string' ? body['model'] : 'unknown';
    const now = clock.now();
    const rate = wire.rateHeaders({ ...options.rate, ...fault.rate }, now);
    const headers = { ...wire.headers(id), ...rate, ...fault.headers };
    const refuse = (kind: RefusalKind, more: Stage['headers'] = {}, message?: string): void => {
      const refusal = wire.refusal(kind, { id, model, ...(message === undefined ? {} : { message }) });
      reply.respond(refusal.status, { 'content-type': wire.jsonType, ...more, ...headers }, refusal.body);
    };
    if ('transfer-encoding' in request.headers) {
      refuse('request', {}, 'this server reads bodies with a content-length only');
      return reply.cut();
    }
    if (found === undefined) return refuse('no-path');
    if (body === undefined) return refuse('request');
    const objection = wire.objection?.(body, request.headers);
    if (objection !== undefined) return refuse('request', {}, objection);
    const said = wire.prefill(body);
    return answerWith(fault, {
      wire,
      reply,
      streams: wire.streams(body),
      prefilled: said !== '',
      elapsed: clock.elapsed() - since,
      headers,
      refuse,
      answer(anew = !wire.continues) {
        const words = anew ? tokens : tokensAfter(said, text, tokens);
        return wire.answer({ id, model, tokens: words, input: INPUT_TOKENS, now, body });
      },
    });
  };

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    readRequests(socket, (request) => answerTo(socket, request));
  });
  const port = await listen(server, 0);
  const stop = (end: (socket: Socket) => unknown): Promise<unknown> => {
    closing = true;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const stopped = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) end(socket);
    return Promise.all([stopped, ...gone]);
  };
  const accept = async () => {
    if (!closing) return;
    closing = false;
    await listen(server, port);
  };
  const set = (fault: Fault): Standing => ({ fault, since: clock.elapsed() });

  return {
    url: `http://127.0.0.1:${port}`,
    baseUrl: `http://127.0.0.1:${port}${only === undefined ? '' : WIRES[only].base}`,
    text,
    tokens,
    calls: calls.all,
    get openSockets() {
      return sockets.size;
    },
    get openTimers() {
      return timers.size;
    },
    get inFlight() {
      return calls.inFlight;
    },
    get maxInFlight() {
      return calls.maxInFlight;
    },
    next: (...faults) => void queue.push(...faults.map(set)),
    always(fault) {
      const one = typeof fault === 'function' ? undefined : set(fault);
      standing = () => one ?? set(typeof fault === 'function' ? fault() : fault);
    },
    async refuse(ms) {
      await stop((socket) => socket.resetAndDestroy());
      if (ms === undefined) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        void accept();
      }, ms);
      timers.add(timer);
    },
    accept,
    async close() {
      await stop((socket) => socket.destroy());
    },
  };
}
