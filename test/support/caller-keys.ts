import type { ConfigInput } from '../../src/config/schema.ts';
import type { EngineOptions } from '../../src/signalbox.ts';
import {
  answers,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
  type SeenRequest,
} from '../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { lastLine, line, lines, message, messageEnd, messageStart, named } from './one-upstream.ts';

/** Providers that take callers' keys, each at a host of its own, and the house's with the house's key. */
const HOSTS = ['openai', 'anthropic', 'ollama', 'azure', 'house'] as const;
type HostName = (typeof HOSTS)[number];

export const HOUSE_KEY = 'house-key-0123456789';
const price = { input: 10, output: 20 };

export interface CallersHosts {
  readonly gateway: TestGateway;
  readonly hosts: Readonly<Record<HostName, MockProvider>>;
  /** What the last request to a host said of who asks. */
  keys(host: HostName): Partial<Pick<SeenRequest['headers'], 'authorization' | 'x-api-key' | 'api-key'>>;
  /** Calls of each host that was called. */
  calls(): Readonly<Record<string, number>>;
  /** Everything that every host but this one was sent. */
  elsewhere(host: HostName): string;
  close(): Promise<void>;
}

const streamed = (body: string): boolean => (JSON.parse(body) as { stream?: boolean }).stream === true;

function sends(type: string, body: string): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': type });
    response.end(body);
  };
}

/** Answers on the wire that the path belongs to. */
export const onItsWire: Behaviour = (request, response) => {
  const { path, body } = request;
  if (path.includes('/messages')) {
    const block = [
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi.' } },
      { type: 'content_block_stop', index: 0 },
    ];
    const whole = JSON.stringify(message([{ type: 'text', text: 'Hi.' }]));
    const events = named(messageStart(), ...block, ...messageEnd());
    return streamed(body) ? sends('text/event-stream', events)(request, response) : json(whole)(request, response);
  }
  if (path.includes('/api/chat')) {
    const said = lines(line({ content: 'Hi.' }), lastLine());
    return streamed(body)
      ? sends('application/x-ndjson', said)(request, response)
      : json(JSON.stringify(lastLine({ content: 'Hi.' })))(request, response);
  }
  if (path.includes('/responses')) {
    const output = [
      {
        type: 'message',
        id: 'm',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hi.', annotations: [] }],
      },
    ];
    return json(
      JSON.stringify({
        id: `resp_${request.headers.authorization?.slice(-4)}`,
        object: 'response',
        created_at: 1,
        status: 'completed',
        model: 'gpt-up',
        output,
        usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
      }),
    )(request, response);
  }
  if (path.includes('/moderations') || path.includes('/files')) return json('{"id":"modr-1"}')(request, response);
  return answers(request, response);
};

/** Starts the hosts and a gateway in front of them; `change` is laid over the configuration. */
export async function startCallersHosts(
  change: (base: ConfigInput) => Partial<ConfigInput> = () => ({}),
  options: EngineOptions = {},
): Promise<CallersHosts> {
  const started = await Promise.all(HOSTS.map(async (name) => [name, await startMockProvider(onItsWire)] as const));
  const hosts = Object.fromEntries(started) as Record<HostName, MockProvider>;
  const root = (name: HostName) => hosts[name].baseUrl.replace(/\/v1$/, '');
  const base: ConfigInput = {
    providers: {
      openai: { kind: 'openai', baseUrl: hosts.openai.baseUrl, callerKey: true },
      anthropic: { kind: 'anthropic', baseUrl: hosts.anthropic.baseUrl, callerKey: true },
      ollama: { kind: 'ollama', baseUrl: root('ollama'), callerKey: true },
      azure: { kind: 'azure', baseUrl: root('azure'), callerKey: true },
      house: { kind: 'openai', baseUrl: hosts.house.baseUrl, apiKey: HOUSE_KEY },
    },
    models: [
      { id: 'gpt', provider: 'openai', model: 'gpt-up', price, aliases: ['claude-haiku*'] },
      { id: 'claude', provider: 'anthropic', model: 'claude-up', price },
      { id: 'llama', provider: 'ollama', model: 'llama-up', price },
      { id: 'deployed', provider: 'azure', model: 'azure-up', price },
      { id: 'own', provider: 'house', model: 'own-up', price: { input: 1, output: 2 } },
    ],
    routing: { default: 'own' },
    retries: { max: 0 },
  };
  const gateway = await startGateway({ ...base, ...change(base) }, options);
  return {
    gateway,
    hosts,
    keys(host) {
      const headers = hosts[host].requests.at(-1)?.headers ?? {};
      const names = ['authorization', 'x-api-key', 'api-key'] as const;
      return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
    },
    calls: () =>
      Object.fromEntries(
        HOSTS.flatMap((name) => (hosts[name].requests.length === 0 ? [] : [[name, hosts[name].requests.length]])),
      ),
    elsewhere: (host) => JSON.stringify(HOSTS.filter((name) => name !== host).map((name) => hosts[name].requests)),
    async close() {
      await gateway.close();
      await Promise.all(HOSTS.map((name) => hosts[name].close()));
    },
  };
}
