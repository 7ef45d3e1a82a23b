import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedConfig } from '../../src/checked.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { serveGateway } from '../../src/gateway/serve.ts';
import { openEngine, type Engine, type EngineOptions } from '../../src/signalbox.ts';

/** A gateway that listens on a free port and forgets everything at the end. */
export interface TestGateway {
  readonly url: string;
  readonly engine: Engine;
  readonly folder: string;
  /** `POST /v1/chat/completions` */
  chat(body: unknown, headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** What the ledger holds of the request that was answered so. */
  entryOf(response: Response): ReturnType<Engine['ledger']['store']['entry']>;
  close(): Promise<void>;
}

/** One user message. */
export const asking = (content: string, rest: object = {}) => ({
  model: 'auto',
  messages: [{ role: 'user', content }],
  ...rest,
});

/** Two models of one upstream; the small one is cheap. */
export function twoModels(baseUrl: string, second = baseUrl): ConfigInput {
  return {
    providers: {
      one: { kind: 'openai', baseUrl, apiKey: 'provider-key-1' },
      two: { kind: 'openai', baseUrl: second, apiKey: 'provider-key-2' },
    },
    models: [
      {
        id: 'small',
        provider: 'one',
        model: 'up-small',
        quality: 0.84,
        price: { input: 1, output: 2 },
        aliases: ['mini*'],
      },
      { id: 'big', provider: 'two', model: 'up-big', quality: 0.85, price: { input: 10, output: 20 } },
    ],
    routing: { default: 'big' },
  };
}

/** A folder that is removed by `remove`. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'signalbox-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Opens engine and gateway in this process. */
export async function startGateway(
  config: ConfigInput,
  options: EngineOptions & { readonly drain?: number; readonly dashboard?: string } = {},
): Promise<TestGateway> {
  const folder = await temporaryFolder();
  const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal`, ...config.storage };
  const server = { port: 0, ...config.server };
  const engine = await openEngine(await checkedConfig({ ...config, server, storage }, {}), options);
  const gateway = await serveGateway({ engine, ...options });
  const { url } = gateway;
  const post: TestGateway['post'] = (path, body, headers = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    url,
    engine,
    folder: folder.path,
    chat: (body, headers, path = '/v1/chat/completions') => post(path, body, headers),
    get: (path, headers = {}) => fetch(url + path, { headers }),
    post,
    async entryOf(response) {
      await engine.ledger.flush();
      return engine.ledger.store.entry(response.headers.get('x-signalbox-request-id') ?? '');
    },
    async close() {
      await gateway.close();
      await engine.close();
      await folder.remove();
    },
  };
}
