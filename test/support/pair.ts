import type { ConfigInput } from '../../src/config/schema.ts';
import type { Outcome } from '../../src/ledger/record.ts';
import type { EngineOptions } from '../../src/signalbox.ts';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { startGateway, type TestGateway } from './gateway.ts';

/** A gateway in front of two upstreams that fail as they are told: model `a` is asked first, `b` when it fails. */
export interface Pair {
  readonly one: FaultServer;
  readonly two: FaultServer;
  readonly gateway: TestGateway;
  /** Of the request that was answered so, when it is settled. */
  outcomeOf(response: Response): Promise<Outcome | undefined>;
  close(): Promise<void>;
}

export interface PairOptions extends EngineOptions {
  /** Kind of both providers. */
  readonly kind?: string;
  readonly tokens?: readonly string[];
  readonly config?: Partial<ConfigInput>;
}

export async function startPair({ kind = 'openai', tokens, config, ...options }: PairOptions = {}): Promise<Pair> {
  const server = tokens === undefined ? {} : { tokens };
  const one = await startFaultServer(server);
  const two = await startFaultServer(server);
  const provider = ({ url }: FaultServer) => ({
    kind,
    baseUrl: kind === 'ollama' ? url : `${url}/v1`,
    apiKey: 'provider-key',
  });
  const price = { input: 1, output: 2 };
  const gateway = await startGateway(
    {
      providers: { one: provider(one), two: provider(two) },
      models: [
        { id: 'a', provider: 'one', model: 'up-a', price },
        { id: 'b', provider: 'two', model: 'up-b', price },
      ],
      routing: { default: 'a', strategy: 'static', fallbacks: ['b'] },
      ...config,
    },
    options,
  );
  return {
    one,
    two,
    gateway,
    outcomeOf: async (response) => (await gateway.entryOf(response))?.outcome,
    async close() {
      await gateway.close();
      await one.close();
      await two.close();
    },
  };
}
