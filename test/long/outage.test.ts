import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startFaultServer } from '../mock-provider/faulty/server.ts';
import { asking, startGateway } from '../support/gateway.ts';

const OUTAGE_MS = 60_000;
const EVERY_MS = 4000;
const REQUESTS = 24;

describe('a provider that is down for a minute, asked every four seconds', () => {
  it(
    'costs no answer, is called at most six times while it is down, and is back within 30 s',
    { timeout: 200_000 },
    async () => {
      const primary = await startFaultServer({ tokens: ['from the primary'] });
      const fallback = await startFaultServer({ tokens: ['from the fallback'] });
      const provider = (url: string) => ({ kind: 'openai', baseUrl: `${url}/v1`, apiKey: 'provider-key' });
      const price = { input: 1, output: 2 };
      const gateway = await startGateway({
        providers: { one: provider(primary.url), two: provider(fallback.url) },
        models: [
          { id: 'primary', provider: 'one', quality: 0.9, price },
          { id: 'fallback', provider: 'two', quality: 0.8, price },
        ],
        routing: { default: 'primary', strategy: 'static', fallbacks: ['fallback'] },
      });
      primary.always({ kind: 'status', status: 503 });
      const started = performance.now();
      const answers: { readonly at: number; readonly model: string | null }[] = [];
      let calls = 0;
      for (let n = 0; n < REQUESTS; n++) {
        await sleep(Math.max(0, started + n * EVERY_MS - performance.now()));
        const at = performance.now() - started;
        if (at < OUTAGE_MS) calls = primary.calls.length;
        else primary.always({ kind: 'ok' });
        const response = await gateway.chat(asking('Hi'));
        expect(response.status).toBe(200);
        expect(await response.text()).toContain('from the');
        answers.push({ at, model: response.headers.get('x-signalbox-model') });
      }
      expect(calls).toBeLessThanOrEqual(6);
      expect(answers.filter(({ at }) => at < OUTAGE_MS).every(({ model }) => model === 'fallback')).toBe(true);
      const back = answers.find(({ at, model }) => at >= OUTAGE_MS && model === 'primary');
      expect(back?.at).toBeLessThan(OUTAGE_MS + 30_000);
      console.log(JSON.stringify({ calls, backAfterMs: Math.round((back?.at ?? 0) - OUTAGE_MS) }));
      await gateway.close();
      await primary.close();
      await fallback.close();
    },
  );
});
