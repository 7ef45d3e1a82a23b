import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { silentLog, type Log } from '../../src/telemetry/log.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

afterEach(() => gateway.close());

const config = (staleAfter: string): ConfigInput => ({
  providers: { openai: { kind: 'openai', apiKey: 'k' } },
  models: [
    { id: 'listed', provider: 'openai', model: 'gpt-4o-mini' },
    { id: 'own', provider: 'openai', model: 'gpt-4o', price: { input: 1, output: 2 } },
    { id: 'nobody', provider: 'openai', model: 'nobody-knows-it' },
  ],
  prices: { staleAfter },
});

/** Starts a gateway; gives its metrics and what it warned of. */
async function started(staleAfter: string): Promise<{ readonly metrics: string; readonly warned: string }> {
  const said: string[] = [];
  const warn: Log['warn'] = (fields, message) => void said.push(`${JSON.stringify(fields)} ${message}`);
  gateway = await startGateway(config(staleAfter), { log: { ...silentLog, warn } });
  return { metrics: await (await gateway.get('/metrics')).text(), warned: said.join('\n') };
}

describe('prices', () => {
  it('that are published and old are told by the metrics and the log', async () => {
    const { metrics, warned } = await started('1d');
    expect(metrics).toContain('signalbox_prices_stale 1\n');
    expect(metrics).toContain('signalbox_prices_unknown 1\n');
    expect(warned).toMatch(/"upstreams":\["openai\/gpt-4o-mini"\].*from a list of 2026-/);
    expect(warned).toMatch(/"upstreams":\["openai\/nobody-knows-it"\].*nobody knows what these cost/);
  });

  it('that are young enough are not', async () => {
    const { metrics, warned } = await started('36500d');
    expect(metrics).toContain('signalbox_prices_stale 0\n');
    expect(warned).not.toContain('from a list of');
  });
});
