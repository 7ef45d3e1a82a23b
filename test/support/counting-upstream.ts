import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Tokens of one answer, as its provider bills them: the cached parts are in `input`, reasoning is in `output`. */
export interface Counted {
  readonly wire: WireName;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export type WireName = 'openai' | 'anthropic' | 'ollama';

/** What becomes of a call. */
export type Fate = 'ok' | 'error-500' | 'busy' | 'reset' | 'cut';

/** What a call was about: `n` is the number that its prompt holds, `call` counts the calls for it from 0. */
export interface CountedCall {
  readonly n: number;
  readonly call: number;
  readonly wire: WireName;
}

/** A provider that speaks three wires, gives each request its own number of tokens, and keeps books. */
export interface CountingUpstream {
  readonly url: string;
  /** What was answered in full, by the number in the prompt. */
  readonly billed: ReadonlyMap<number, readonly Counted[]>;
  /** Numbers that any call was made for. */
  readonly seen: ReadonlySet<number>;
  close(): Promise<void>;
}

/** The text that a prompt holds its number in. */
export const promptOf = (n: number): string => `Tell me about #${n}# at length, if you please.`;

const WORDS = 12;
const words = Array.from({ length: WORDS }, (_, i) => `${i === 0 ? '' : ' '}word${i}`);
/** The text of every answer. */
export const ANSWER = words.join('');

function countsOf(n: number, wire: WireName): Counted {
  const input = 20 + (n % 977);
  return {
    wire,
    input,
    output: 1 + ((n * 7) % 331),
    cacheRead: wire === 'ollama' ? 0 : (n * 3) % 11,
    cacheWrite: wire === 'anthropic' ? (n * 5) % 9 : 0,
  };
}

function events(wire: WireName, counts: Counted): string[] {
  const { input, output, cacheRead, cacheWrite } = counts;
  const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
  if (wire === 'ollama') {
    const line = (value: object) => `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', ...value })}\n`;
    return [
      ...words.map((content) => line({ message: { role: 'assistant', content }, done: false })),
      line({
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: input,
        eval_count: output,
      }),
    ];
  }
  if (wire === 'anthropic') {
    const event = (value: { readonly type: string; readonly [name: string]: unknown }) =>
      `event: ${value.type}\n${data(value)}`;
    const usage = {
      input_tokens: input - cacheRead - cacheWrite,
      cache_read_input_tokens: cacheRead,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: 1,
    };
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    };
    return [
      event({ type: 'message_start', message }),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      ...words.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      event({ type: 'content_block_stop', index: 0 }),
      event({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: output },
      }),
      event({ type: 'message_stop' }),
    ];
  }
  const chunk = (choices: object[], rest: object = {}) =>
    data({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...rest });
  return [
    chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
    ...words.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    chunk([], { usage: openaiUsage(counts) }),
    'data: [DONE]\n\n',
  ];
}

/** OpenAI's other wire, whose counts are the same. */
function responseOf({ input, output, cacheRead }: Counted, status: 'in_progress' | 'completed'): object {
  const text = { type: 'output_text', text: ANSWER, annotations: [] };
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [text] };
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheRead },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  const done = status === 'completed';
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'm',
    status,
    output: done ? [message] : [],
    ...(done ? { usage } : {}),
  };
}

function responseEvents(counts: Counted): string[] {
  const event = (n: number, type: string, rest: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: n, ...rest })}\n\n`;
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const item = { type: 'message', id: 'msg_1', role: 'assistant' };
  const part = { type: 'output_text', text: ANSWER, annotations: [] };
  const { length } = words;
  return [
    event(0, 'response.created', { response: responseOf(counts, 'in_progress') }),
    event(1, 'response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }),
    event(2, 'response.content_part.added', { ...at, part: { ...part, text: '' } }),
    ...words.map((delta, i) => event(3 + i, 'response.output_text.delta', { ...at, delta })),
    event(3 + length, 'response.output_text.done', { ...at, text: ANSWER }),
    event(4 + length, 'response.content_part.done', { ...at, part }),
    event(5 + length, 'response.output_item.done', {
      output_index: 0,
      item: { ...item, status: 'completed', content: [part] },
    }),
    event(6 + length, 'response.completed', { response: responseOf(counts, 'completed') }),
  ];
}

function openaiUsage({ input, output, cacheRead }: Counted): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cacheRead },
  };
}

function whole(wire: WireName, counts: Counted): string {
  const { input, output, cacheRead, cacheWrite } = counts;
  if (wire === 'ollama') {
    const message = { role: 'assistant', content: ANSWER };
    return JSON.stringify({
      model: 'm',
      created_at: '2026-01-01T00:00:00Z',
      message,
      done: true,
      done_reason: 'stop',
      prompt_eval_count: input,
      eval_count: output,
    });
  }
  if (wire === 'anthropic') {
    const usage = {
      input_tokens: input - cacheRead - cacheWrite,
      cache_read_input_tokens: cacheRead,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: output,
    };
    return JSON.stringify({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'text', text: ANSWER }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage,
    });
  }
  const message = { role: 'assistant', content: ANSWER };
  return JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: openaiUsage(counts),
  });
}

function wireOf(path: string): WireName {
  return path.includes('/messages') ? 'anthropic' : path.includes('/api/') ? 'ollama' : 'openai';
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

async function answer(
  response: ServerResponse,
  counts: Counted,
  { streams, responses, fate }: { readonly streams: boolean; readonly responses: boolean; readonly fate: Fate },
): Promise<boolean> {
  const { wire } = counts;
  const { socket } = response;
  if (fate === 'reset') {
    socket?.resetAndDestroy();
    return false;
  }
  if (fate === 'error-500' || fate === 'busy') {
    const busy = fate === 'busy' ? { 'retry-after-ms': '20' } : {};
    response.writeHead(fate === 'busy' ? 429 : 500, { 'content-type': 'application/json', ...busy });
    response.end('{"error":{"message":"not now"}}');
    return false;
  }
  if (!streams) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(responses ? JSON.stringify(responseOf(counts, 'completed')) : whole(wire, counts));
    return true;
  }
  response.writeHead(200, { 'content-type': wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream' });
  const list = responses ? responseEvents(counts) : events(wire, counts);
  for (const [i, event] of list.entries()) {
    if (fate === 'cut' && i === 6) {
      socket?.destroy();
      return false;
    }
    if (response.destroyed) return false;
    response.write(event);
    if (i % 4 === 0) await tick();
  }
  response.end();
  return true;
}

/** Starts it on a free port; `fateOf` says what becomes of each call. */
export async function startCountingUpstream(fateOf: (call: CountedCall) => Fate): Promise<CountingUpstream> {
  const billed = new Map<number, Counted[]>();
  const calls = new Map<number, number>();
  const seen = new Set<number>();
  const sockets = new Set<Socket>();

  const handle = async (request: IncomingMessage, body: string, response: ServerResponse): Promise<void> => {
    const n = Number(/#(\d+)#/.exec(body)?.[1] ?? -1);
    const wire = wireOf(request.url ?? '');
    const call = calls.get(n) ?? 0;
    calls.set(n, call + 1);
    seen.add(n);
    const counts = countsOf(n, wire);
    const streams = wire === 'ollama' ? !body.includes('"stream":false') : body.includes('"stream":true');
    const responses = request.url?.includes('/responses') === true;
    if (await answer(response, counts, { streams, responses, fate: fateOf({ n, call, wire }) })) {
      billed.set(n, [...(billed.get(n) ?? []), counts]);
    }
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => void handle(request, Buffer.concat(parts).toString(), response));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    billed,
    seen,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
