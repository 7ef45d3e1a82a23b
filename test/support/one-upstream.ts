import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { EngineOptions } from '../../src/signalbox.ts';
import {
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
  type SeenRequest,
} from '../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from './gateway.ts';

// Test code reads what it is told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;

/** USD per million tokens; every kind of token costs something else. */
export const PRICE = { input: 10, output: 20, cacheRead: 1, cacheWrite: 12.5 };

/** A gateway in front of one upstream: `gpt`, `claude` and `llama` are asked there, each on its own wire. */
export interface OneUpstream {
  readonly gateway: TestGateway;
  readonly upstream: MockProvider;
  /** Requests that the upstream has seen since `forget`. */
  seen(): readonly SeenRequest[];
  /** Body of the last of them. */
  asked(): Any;
  /** What one test did is nothing to the next. */
  forget(): void;
  /** Outcome on the ledger. */
  outcomeOf(response: Response): Promise<Any>;
  close(): Promise<void>;
}

export async function startOneUpstream(
  change: Partial<ConfigInput> = {},
  options: EngineOptions = {},
): Promise<OneUpstream> {
  const upstream = await startMockProvider();
  const root = upstream.baseUrl.replace(/\/v1$/, '');
  const gateway = await startGateway(
    {
      providers: {
        openai: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'provider-key' },
        anthropic: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey: 'provider-key' },
        ollama: { kind: 'ollama', baseUrl: root },
      },
      models: [
        { id: 'gpt', provider: 'openai', model: 'gpt-up', price: PRICE },
        { id: 'claude', provider: 'anthropic', model: 'claude-up', price: PRICE },
        { id: 'llama', provider: 'ollama', model: 'llama-up', price: PRICE },
      ],
      routing: { fallbacks: [] },
      retries: { max: 0 },
      ...change,
    },
    options,
  );
  let before = 0;
  const seen = () => upstream.requests.slice(before);
  return {
    gateway,
    upstream,
    seen,
    asked: () => JSON.parse(seen().at(-1)?.body ?? 'null'),
    forget() {
      before = upstream.requests.length;
      gateway.engine.runtime.memory.endCoolDowns();
    },
    outcomeOf: async (response) => (await gateway.entryOf(response))?.outcome,
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

/** The upstream of the test that runs. */
export interface CurrentUpstream extends Omit<OneUpstream, 'forget' | 'close'> {
  /** Gives this test a gateway of its own. */
  start(...given: Parameters<typeof startOneUpstream>): Promise<void>;
}

/** One gateway for the tests of a file, but for those that start their own. */
export function useOneUpstream(): CurrentUpstream {
  const running: OneUpstream[] = [];
  const current = (): OneUpstream => {
    const last = running.at(-1);
    if (last === undefined) throw new Error('no test runs');
    return last;
  };
  const start: CurrentUpstream['start'] = async (...given) => void running.push(await startOneUpstream(...given));
  beforeAll(() => start());
  beforeEach(() => current().forget());
  afterEach(async () => {
    if (running.length > 1) await running.pop()?.close();
  });
  afterAll(() => current().close());
  return {
    start,
    get gateway() {
      return current().gateway;
    },
    get upstream() {
      return current().upstream;
    },
    seen: () => current().seen(),
    asked: () => current().asked(),
    outcomeOf: (response) => current().outcomeOf(response),
  };
}

const SSE = 'text/event-stream';
const NDJSON = 'application/x-ndjson';

/** A stream of these bytes, in pieces that end anywhere. */
export const streams =
  (type: string, bytes: string, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': type, ...headers });
    const whole = Buffer.from(bytes);
    for (let at = 0; at < whole.length; at += 97) response.write(whole.subarray(at, at + 97));
    response.end();
  };

/** Events with their type before them, as Anthropic sends them. */
export const named = (...events: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
/** Chunks of chat completions and their end. */
export const chunks = (...list: readonly object[]): string =>
  [...list.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'].join('');
export const lines = (...list: readonly object[]): string => list.map((line) => `${JSON.stringify(line)}\n`).join('');

export const streamsEvents = (bytes: string, headers?: Readonly<Record<string, string>>) =>
  streams(SSE, bytes, headers);
export const streamsLines = (bytes: string) => streams(NDJSON, bytes);
export const tells = (body: object, status = 200, headers?: Readonly<Record<string, string>>): Behaviour =>
  json(JSON.stringify(body), status, headers);

/** What a caller got as server-sent events: type and data of each; comments left out. */
export function eventsOf(raw: string): readonly { readonly type: string | undefined; readonly data: Any }[] {
  return raw.split('\n\n').flatMap((record) => {
    const data = /^data: (.*)$/m.exec(record)?.[1];
    if (data === undefined || data === '[DONE]') return [];
    return [{ type: /^event: (.*)$/m.exec(record)?.[1], data: JSON.parse(data) }];
  });
}

export const linesOf = (raw: string): readonly Any[] =>
  raw
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** One choice's chunk of chat completions. */
export const choice = (delta: object, finish: string | null = null, rest: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'gpt-up',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
});

/** A whole chat completion. */
export const chat = (
  message: object,
  finish = 'stop',
  usage: object = { prompt_tokens: 11, completion_tokens: 7 },
) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'gpt-up',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  usage,
});

/** A whole message of Anthropic's. */
export const message = (
  content: readonly object[],
  stop = 'end_turn',
  usage: object = { input_tokens: 11, output_tokens: 7 },
) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-up',
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage,
});

/** The events that begin a message of Anthropic's, and those that end it. */
export const messageStart = (usage: object = { input_tokens: 11, output_tokens: 1 }) => ({
  type: 'message_start',
  message: { ...message([]), stop_reason: null, usage },
});
export const messageEnd = (stop = 'end_turn', usage: object = { output_tokens: 7 }) => [
  { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage },
  { type: 'message_stop' },
];

/** One line of Ollama's, and its last one. */
export const line = (said: object, rest: object = { done: false }) => ({
  model: 'llama-up',
  created_at: '2026-01-01T00:00:00.5Z',
  message: { role: 'assistant', content: '', ...said },
  ...rest,
});
export const lastLine = (said: object = {}, reason = 'stop', rest: object = {}) =>
  line(said, {
    done: true,
    done_reason: reason,
    total_duration: 9_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: 11,
    prompt_eval_duration: 2_000_000,
    eval_count: 7,
    eval_duration: 6_000_000,
    ...rest,
  });
