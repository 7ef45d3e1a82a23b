import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as the upstream saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Resolves when the connection of the request is gone. */
  readonly closed: Promise<void>;
}

/** What the upstream does with one request. */
export type Behaviour = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** An OpenAI-compatible upstream that does what it is told. */
export interface MockProvider {
  /** `http://127.0.0.1:…/v1` */
  readonly baseUrl: string;
  readonly requests: readonly SeenRequest[];
  /** Connections that are open now. */
  readonly openSockets: number;
  /** What to do from now on. */
  behave(next: Behaviour): void;
  close(): Promise<void>;
}

/** Tokens that every mock answer reports unless told otherwise. */
export const MOCK_USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** A complete answer. */
export function completion(content = 'Hello there.', usage: object | null = MOCK_USAGE): string {
  return JSON.stringify({
    id: 'chatcmpl-mock',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'upstream-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    ...(usage === null ? {} : { usage }),
  });
}

/** One event of a stream. */
export function chunkEvent(delta: object, rest: object = {}): string {
  const choice = { index: 0, delta, finish_reason: null };
  return `data: ${JSON.stringify({ id: 'chatcmpl-mock', object: 'chat.completion.chunk', created: 1, model: 'upstream-model', choices: [choice], ...rest })}\n\n`;
}

/** The events of a whole stream, usage last when asked for. */
export function streamEvents(words: readonly string[], usage: object | null = MOCK_USAGE): string[] {
  const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  return [
    chunkEvent({ role: 'assistant', content: '' }),
    ...words.map((word) => chunkEvent({ content: word })),
    chunkEvent({}, finish),
    ...(usage === null ? [] : [chunkEvent({}, { choices: [], usage })]),
    'data: [DONE]\n\n',
  ];
}

/** Answers with JSON. */
export function json(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
}

/** Answers as OpenAI does: JSON, or a stream when the body asks for one. */
export const answers: Behaviour = (request, response) => {
  const body = JSON.parse(request.body) as { stream?: boolean; stream_options?: { include_usage?: boolean } };
  if (body.stream !== true) return json(completion())(request, response);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const usage = body.stream_options?.include_usage === true ? MOCK_USAGE : null;
  for (const event of streamEvents(['Hello', ' there', '.'], usage)) response.write(event);
  response.end();
};

/** Closes the connection without a word. */
export const resets: Behaviour = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** Never answers. */
export const hangs: Behaviour = () => {};

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Starts an upstream on a free port of this machine. */
export async function startMockProvider(first: Behaviour = answers): Promise<MockProvider> {
  let behaviour = first;
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const seen: SeenRequest = {
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(parts).toString('utf8'),
        closed: once(response, 'close').then(() => undefined),
      };
      requests.push(seen);
      void behaviour(seen, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    get openSockets() {
      return sockets.size;
    },
    behave: (next) => void (behaviour = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
