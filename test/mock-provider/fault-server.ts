import { createServer, type AddressInfo, type Socket } from 'node:net';
import { prefillOf, WIRES, type WireAnswer } from './wires.ts';

/** What goes wrong with one call. Durations in milliseconds. */
export type Fault =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'slow-first-token'; readonly ms: number }
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'stall'; readonly after: number; readonly ms: number }
  | { readonly kind: 'malformed'; readonly after: number }
  | { readonly kind: 'no-done' }
  | { readonly kind: 'in-band'; readonly after: number }
  | { readonly kind: 'no-prefill' };

/** One call as the upstream saw it. */
export interface FaultCall {
  /** Milliseconds since the server started. */
  readonly at: number;
  readonly path: string;
  readonly body: Record<string, unknown>;
  /** The fault that it met. */
  readonly fault: Fault['kind'];
  gone: boolean;
}

/** An upstream on raw sockets that fails as it is told, in every wire. */
export interface FaultServer {
  /** `http://127.0.0.1:…` without a path. */
  readonly url: string;
  readonly calls: readonly FaultCall[];
  readonly openSockets: number;
  /** The text of every answer, in tokens. */
  readonly tokens: readonly string[];
  /** Faults of the next calls, one each; then `always`. */
  next(...faults: readonly Fault[]): void;
  /** The fault of every other call, or what gives one for each. */
  always(fault: Fault | (() => Fault)): void;
  close(): Promise<void>;
}

export const FAULT_USAGE = { input: 25, output: 60 };

interface Incoming {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Reads requests with a content-length off a socket. */
function readRequests(socket: Socket, take: (incoming: Incoming) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = held.subarray(0, end).toString('latin1');
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      const body = held.subarray(end + 4, end + 4 + length).toString('utf8');
      held = held.subarray(end + 4 + length);
      take({ path: (head.split(' ')[1] ?? '').split('?')[0] ?? '', body: body === '' ? {} : JSON.parse(body) });
    }
  });
}

const head = (status: number, headers: Readonly<Record<string, string>>) =>
  `HTTP/1.1 ${status} X\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Writes one answer on a socket. */
class Reply {
  readonly #socket: Socket;
  readonly #timers: Set<NodeJS.Timeout>;

  constructor(socket: Socket, timers: Set<NodeJS.Timeout>) {
    this.#socket = socket;
    this.#timers = timers;
  }

  later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#socket.destroyed) work();
    }, ms);
    this.#timers.add(timer);
  }

  json(
    status: number,
    body: string,
    headers: Readonly<Record<string, string>> = {},
    length = Buffer.byteLength(body),
  ): void {
    this.#socket.write(
      head(status, { 'content-type': 'application/json', 'content-length': String(length), ...headers }) + body,
    );
  }

  open({ streamType }: WireAnswer): void {
    this.#socket.write(head(200, { 'content-type': streamType, 'transfer-encoding': 'chunked' }));
  }

  records(records: readonly string[]): void {
    for (const record of records) if (record !== '' && !this.#socket.destroyed) this.#socket.write(chunked(record));
  }

  finish(): void {
    this.#socket.write('0\r\n\r\n');
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** The connection ends without what was promised, after what was written has gone out. */
  cut(): void {
    this.#socket.end();
  }
}

function stream(reply: Reply, answer: WireAnswer, fault: Fault): void {
  const all = [...answer.tokens];
  const rest = (from: number) => {
    reply.records([...all.slice(from), ...answer.closing, answer.end]);
    reply.finish();
  };
  const begin = (count: number) => {
    reply.open(answer);
    reply.records([...answer.opening, ...all.slice(0, count)]);
  };
  switch (fault.kind) {
    case 'slow-first-token':
      reply.open(answer);
      reply.later(fault.ms, () => {
        reply.records(answer.opening);
        rest(0);
      });
      return;
    case 'cut':
      begin(fault.after);
      return reply.cut();
    case 'stall':
      begin(fault.after);
      return reply.later(fault.ms, () => rest(fault.after));
    case 'malformed':
      begin(fault.after);
      reply.records([answer.malformed]);
      return rest(fault.after);
    case 'in-band':
      if (fault.after === 0) reply.open(answer);
      else begin(fault.after);
      reply.records([answer.failure]);
      return reply.finish();
    case 'no-done':
      begin(all.length);
      // The connection stays open.
      return reply.records(
        answer.end.includes('response.completed') ? [...answer.closing, answer.end] : answer.closing,
      );
    default:
      begin(0);
      return rest(0);
  }
}

function whole(reply: Reply, answer: WireAnswer, fault: Fault): void {
  switch (fault.kind) {
    case 'slow-first-token':
      return reply.later(fault.ms, () => reply.json(200, answer.whole));
    case 'cut': {
      reply.json(200, answer.whole.slice(0, answer.whole.length / 2), {}, Buffer.byteLength(answer.whole));
      return reply.cut();
    }
    case 'stall':
      reply.json(200, answer.whole.slice(0, answer.whole.length / 2), {}, Buffer.byteLength(answer.whole));
      return;
    case 'malformed':
      return reply.json(200, answer.whole.slice(0, -3));
    case 'in-band':
      return reply.json(200, '{"error":{"message":"the server had an error","type":"server_error"}}');
    default:
      return reply.json(200, answer.whole);
  }
}

/** Starts the server on a free port of this machine. */
export async function startFaultServer(
  options: {
    readonly tokens?: readonly string[];
    /** False forgets the calls, for long runs. */ readonly keep?: boolean;
  } = {},
): Promise<FaultServer> {
  const tokens = options.tokens ?? Array.from({ length: FAULT_USAGE.output }, (_, i) => `word${i} `);
  const text = tokens.join('');
  const calls: FaultCall[] = [];
  const queue: Fault[] = [];
  let standing: Fault | (() => Fault) = { kind: 'ok' };
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const started = performance.now();

  /** A connection serves many calls: one listener tells all of them that it is gone. */
  const callsOf = new Map<Socket, FaultCall[]>();

  const answerTo = (socket: Socket, { path, body }: Incoming): void => {
    const fault = queue.shift() ?? (typeof standing === 'function' ? standing() : standing);
    const call: FaultCall = { at: performance.now() - started, path, body, fault: fault.kind, gone: false };
    if (options.keep !== false) {
      calls.push(call);
      callsOf.get(socket)?.push(call);
    }
    const reply = new Reply(socket, timers);
    const wire = WIRES.find((each) => path.endsWith(each.path));
    if (wire === undefined) return reply.json(404, '{"error":{"message":"no such path"}}');
    if (fault.kind === 'status') {
      return reply.json(fault.status, fault.body ?? '{"error":{"message":"it failed"}}', fault.headers);
    }
    if (fault.kind === 'reset') return reply.reset();
    if (fault.kind === 'silent') return undefined;
    const prefill = prefillOf(body);
    if (fault.kind === 'no-prefill' && prefill !== '') {
      const message =
        'This model does not support assistant message prefill. The conversation must end with a user message.';
      return reply.json(400, JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } }));
    }
    const from = prefill !== '' && text.startsWith(prefill) ? text.slice(prefill.length) : text;
    const words = from.match(/\s*\S+\s*/g) ?? [];
    const asksUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
    const answer = wire.write(words, { input: FAULT_USAGE.input, output: words.length }, asksUsage);
    const streams = wire.name === 'ollama' ? body['stream'] !== false : body['stream'] === true;
    return streams ? stream(reply, answer, fault) : whole(reply, answer, fault);
  };

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    callsOf.set(socket, []);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      for (const call of callsOf.get(socket) ?? []) call.gone = true;
      callsOf.delete(socket);
    });
    readRequests(socket, (incoming) => answerTo(socket, incoming));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    tokens,
    get openSockets() {
      return sockets.size;
    },
    next: (...faults) => void queue.push(...faults),
    always: (fault) => void (standing = fault),
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
