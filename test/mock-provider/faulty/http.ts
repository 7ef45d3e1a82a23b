import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

type Headers = Readonly<Record<string, string>>;

/** A request with a content-length, or without a body. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Headers;
  readonly body: string;
}

function parseHead(head: string): Omit<HttpRequest, 'body'> {
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method, path, headers: Object.fromEntries(headers) };
}

/** Tells every request that comes over a connection. */
export function readRequests(socket: Socket, take: (request: HttpRequest) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (let end = held.indexOf('\r\n\r\n'); end !== -1; end = held.indexOf('\r\n\r\n')) {
      const head = parseHead(held.subarray(0, end).toString('latin1'));
      const until = end + 4 + Number(head.headers['content-length'] ?? 0);
      if (held.length < until) return;
      const body = held.subarray(end + 4, until).toString('utf8');
      held = held.subarray(until);
      take({ ...head, body });
    }
  });
}

/** The bytes before a body. */
export function headOf(status: number, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`;
}

/** One chunk of a chunked body. */
export const chunkOf = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** The answer to one request, byte by byte; nothing is written once it is over or the client is gone. */
export interface Reply {
  readonly over: boolean;
  /** A whole answer. */
  respond(status: number, headers: Headers, body: string): void;
  /** The beginning of an answer whose head promises `promised` bytes: `sent` bytes of `body`. */
  begin(headers: Headers, body: string, sent: number, promised?: number): void;
  /** The head of a stream. */
  open(headers: Headers): void;
  /** Each record in a chunk of its own. */
  send(records: readonly string[]): void;
  raw(bytes: string | Buffer): void;
  /** The answer is complete, after the last bytes, if any. */
  finish(last?: string | Buffer): void;
  endStream(): void;
  /** Closes the connection after what was written. */
  cut(): void;
  /** Resets it (RST). */
  reset(): void;
  /** Does something later, unless it is over by then; never, if `ms` is left out. */
  later(ms: number | undefined, work: () => void): void;
}

/** A client that finds bytes and a reset at once sees a quiet end: it is given time to read. */
const RESET_DELAY_MS = 5;

/** What `resetAndDestroy` does, but for the FIN that it sends first. */
function resetNow(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}

export interface ReplyInput {
  readonly socket: Socket;
  /** The client wants the connection closed after the answer. */
  readonly close: boolean;
  /** Timers that run, of all replies. */
  readonly timers: Set<NodeJS.Timeout>;
  /** Called once, when the server has nothing more to say. */
  readonly onOver: () => void;
}

export function createReply({ socket, close, timers, onOver }: ReplyInput): Reply {
  let over = false;
  const write = (bytes: string | Buffer) => {
    if (!over && !socket.destroyed) socket.write(bytes);
  };
  const end = () => {
    if (over) return;
    over = true;
    onOver();
  };
  /** Not after the connection is gone. */
  const after = (ms: number, work: () => void) => {
    const forget = () => {
      clearTimeout(timer);
      timers.delete(timer);
      socket.off('close', forget);
    };
    const timer = setTimeout(() => {
      forget();
      work();
    }, ms);
    timers.add(timer);
    socket.once('close', forget);
  };
  const reply: Reply = {
    get over() {
      return over || socket.destroyed;
    },
    respond(status, headers, body) {
      const length = { 'content-length': String(Buffer.byteLength(body)), ...(close ? { connection: 'close' } : {}) };
      reply.finish(headOf(status, { ...headers, ...length }) + body);
    },
    begin(headers, body, sent, promised) {
      const bytes = Buffer.from(body);
      write(headOf(200, { ...headers, 'content-length': String(promised ?? bytes.length) }));
      write(bytes.subarray(0, sent));
    },
    open: (headers) => write(headOf(200, { ...headers, 'transfer-encoding': 'chunked' })),
    send(records) {
      for (const record of records) if (record !== '') write(chunkOf(record));
    },
    raw: write,
    finish(last = '') {
      write(last);
      end();
      if (close) socket.destroySoon();
    },
    endStream: () => reply.finish('0\r\n\r\n'),
    cut() {
      end();
      socket.destroySoon();
    },
    reset() {
      end();
      if (socket.destroyed) return;
      socket.write('', () => after(socket.bytesWritten > 0 ? RESET_DELAY_MS : 0, () => resetNow(socket)));
    },
    later(ms, work) {
      if (ms === undefined || ms === Infinity) return;
      after(ms, () => {
        if (!over) work();
      });
    },
  };
  return reply;
}
