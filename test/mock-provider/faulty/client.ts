import { connect } from 'node:net';
import { isObject } from '../../../src/protocol/guards.ts';
import type { FaultServer, WireName } from './server.ts';
import { WIRES } from './wires/registry.ts';

/** How a connection ended, and what came before that. */
export interface Exchange {
  /** Undefined when no head came. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Without the framing of HTTP. */
  readonly body: string;
  /** All came that HTTP promised. */
  readonly whole: boolean;
  /** Code of the error that ended it, `ECONNRESET` for one. */
  readonly error: string | undefined;
}

/** What a wire's own client would make of a body. */
export interface Heard {
  readonly text: string;
  /** A reason was given why the answer ended. */
  readonly finished: boolean;
  /** The wire's own last word came. */
  readonly ended: boolean;
  readonly output: number | undefined;
  readonly errors: readonly string[];
  /** Events that could not be read. */
  readonly unreadable: number;
}

/** The chunks of a body, in latin1, and whether the last one came. */
function unchunk(body: string): { readonly body: string; readonly whole: boolean } {
  let text = '';
  for (let rest = body; ;) {
    const [, hex] = /^([\da-f]+)\r\n/.exec(rest) ?? [];
    const size = Number.parseInt(hex ?? '', 16);
    const from = (hex ?? '').length + 2;
    if (Number.isNaN(size) || rest.slice(from + size, from + size + 2) !== '\r\n') return { body: text, whole: false };
    if (size === 0) return { body: text, whole: true };
    text += rest.slice(from, from + size);
    rest = rest.slice(from + size + 2);
  }
}

function exchangeOf(bytes: string, error: string | undefined): Exchange {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.slice(0, Math.max(0, end)).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
  if (status === undefined) return { status: undefined, headers: {}, body: bytes, whole: false, error };
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const [name = '', value = ''] = line.split(': ');
      return [name, value];
    }),
  );
  const raw = bytes.slice(end + 4);
  const length = headers['content-length'];
  const framed = length === undefined ? unchunk(raw) : { body: raw, whole: raw.length === Number(length) };
  const body = Buffer.from(framed.body, 'latin1').toString('utf8');
  return { status: Number(status), headers, body, whole: framed.whole, error };
}

export interface Asking {
  readonly stream: boolean;
  /** The assistant's text at the end of the request. */
  readonly said?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection when this is true of the bytes so far. */
  readonly hangUpOn?: (bytes: string) => boolean;
}

/** A request in a wire. */
export function bodyOf(wire: WireName, { stream, said }: Asking): object {
  const asked = { role: 'user', content: 'Say it all.' };
  const turns = said === undefined ? [asked] : [asked, { role: 'assistant', content: said }];
  const rest = { model: 'm1', stream, ...(wire === 'anthropic' ? { max_tokens: 100 } : {}) };
  if (wire === 'openai-responses') return { ...rest, input: turns };
  return {
    ...rest,
    messages: turns,
    ...(wire === 'openai-chat' && stream ? { stream_options: { include_usage: true } } : {}),
  };
}

/** Asks over a connection of its own, and tells all that came until it ended. */
export function ask(server: FaultServer, wire: WireName, asking: Asking): Promise<Exchange> {
  const { base, path } = WIRES[wire];
  const body = JSON.stringify(bodyOf(wire, asking));
  const headers = {
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
    'anthropic-version': '2023-06-01',
    ...asking.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve) => {
    let bytes = '';
    let error: string | undefined;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.setEncoding('latin1');
    socket.write(`POST ${base}${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    socket.on('data', (part) => {
      bytes += String(part);
      if (asking.hangUpOn?.(bytes) === true) socket.destroy();
    });
    socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code));
    socket.on('close', () => resolve(exchangeOf(bytes, error)));
  });
}

const REASONS = new Set(['stop', 'end_turn']);

/** Values of one name, anywhere in some JSON. */
function* all(value: unknown, name: string): Generator {
  if (Array.isArray(value)) for (const item of value) yield* all(item, name);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === name) yield item;
    yield* all(item, name);
  }
}

const events = (body: string): readonly string[] =>
  body.split('\n').flatMap((line) => (line === '' || line.startsWith('event: ') ? [] : [line.replace(/^data: /, '')]));

/** The text that one event adds. */
function textIn(event: unknown, stream: boolean): string {
  if (!isObject(event)) return '';
  const type = event['type'];
  if (type === 'response.output_text.delta') return String(event['delta']);
  if (typeof type === 'string' && type.startsWith('response.')) return '';
  const text = [...all(event, 'content'), ...all(event, 'text')].find((each) => typeof each === 'string');
  return typeof text === 'string' && (stream || type !== 'error') ? text : '';
}

/** Reads a body as its wire means it. */
export function hear(body: string, stream: boolean): Heard {
  const parsed: unknown[] = [];
  let unreadable = 0;
  for (const event of stream ? events(body) : [body]) {
    if (event === '[DONE]') continue;
    try {
      parsed.push(JSON.parse(event));
    } catch {
      unreadable++;
    }
  }
  const reasons = ['finish_reason', 'stop_reason', 'done_reason'].flatMap((name) => [...all(parsed, name)]);
  const outputs = ['completion_tokens', 'output_tokens', 'eval_count'].flatMap((name) => [...all(parsed, name)]);
  const output = outputs.findLast((each) => typeof each === 'number');
  const completed = parsed.some((event) => [...all(event, 'status')].at(0) === 'completed');
  const errors = [...all(parsed, 'error')].filter((each) => each !== null);
  const words = errors.flatMap((error) => (typeof error === 'string' ? [error] : [...all(error, 'message')]));
  const bare = parsed.flatMap((event) =>
    isObject(event) && event['type'] === 'error' && !('error' in event) ? [event['message']] : [],
  );
  return {
    text: parsed.map((event) => textIn(event, stream)).join(''),
    finished: completed || reasons.some((reason) => typeof reason === 'string' && REASONS.has(reason)),
    ended: /data: \[DONE\]\n\n$|"type":"message_stop"\}\n\n$|"type":"response.completed".*\n\n$|"done":true.*\n$/.test(
      body,
    ),
    output: typeof output === 'number' ? output : undefined,
    errors: [...words, ...bare].map(String),
    unreadable,
  };
}
