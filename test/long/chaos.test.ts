import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { seededRandom } from '../../src/routers/numeric/random.ts';
import { startFaultServer, type Fault, type FaultServer } from '../mock-provider/faulty/server.ts';
import { CLIENT_DIALECTS } from '../support/dialects.ts';
import { startGateway } from '../support/gateway.ts';

/** Seconds of chaos; the whole half hour with `SIGNALBOX_CHAOS_SECONDS=1800`. */
const SECONDS = Number(process.env['SIGNALBOX_CHAOS_SECONDS'] ?? 60);
const CONNECTIONS = 64;

const FAULTS: readonly Fault[] = [
  { kind: 'ok' },
  { kind: 'ok' },
  { kind: 'ok' },
  { kind: 'ok' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 429, headers: { 'retry-after-ms': '30' } },
  { kind: 'status', status: 400, body: '{"error":{"message":"bad temperature"}}' },
  { kind: 'status', status: 401, body: '{"error":{"message":"bad key"}}' },
  { kind: 'reset' },
  { kind: 'silent' },
  { kind: 'slow-first-token', ms: 50 },
  { kind: 'cut', after: 20 },
  { kind: 'stall', after: 20, ms: 5000 },
  { kind: 'malformed', after: 10 },
  { kind: 'no-done' },
  { kind: 'in-band', after: 0 },
  { kind: 'in-band', after: 20 },
  { kind: 'rejects-prefill' },
];

function config(upstreams: readonly FaultServer[]): ConfigInput {
  const kinds = ['openai', 'anthropic', 'ollama'];
  const price = { input: 1, output: 2 };
  return {
    providers: Object.fromEntries(
      upstreams.map(({ url }, i) => {
        const kind = kinds[i % kinds.length] ?? 'openai';
        return [`p${i}`, { kind, baseUrl: kind === 'ollama' ? url : `${url}/v1`, apiKey: 'provider-key' }];
      }),
    ),
    models: upstreams.map((_, i) => ({
      id: `m${i}`,
      provider: `p${i}`,
      model: `up${i}`,
      quality: 0.5 + i / 10,
      price,
    })),
    routing: { default: 'm0', strategy: 'random' },
    timeouts: {
      firstToken: '1s',
      firstTokenLocal: '1s',
      firstTokenReasoning: '1s',
      idle: '300ms',
      total: '10s',
    },
    retries: { max: 2, wait: '100ms' },
  };
}

describe(`${SECONDS} seconds of mixed chaos on ${CONNECTIONS} connections`, () => {
  it(
    'end without a crash, a leak, an open socket or a request that is not on the ledger',
    { timeout: (SECONDS + 120) * 1000 },
    async () => {
      const random = seededRandom(11);
      const rejections: unknown[] = [];
      const rejected = (reason: unknown) => void rejections.push(reason);
      process.on('unhandledRejection', rejected);
      const upstreams = await Promise.all([1, 2, 3].map(() => startFaultServer({ keep: false })));
      for (const upstream of upstreams) {
        upstream.always(() => FAULTS[Math.floor(random() * FAULTS.length)] ?? { kind: 'ok' });
      }
      const gateway = await startGateway(config(upstreams));
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
      const until = performance.now() + SECONDS * 1000;
      const counts = {
        sent: 0,
        decided: 0,
        answered: 0,
        failed: 0,
        left: 0,
        lies: [] as string[],
        mute: [] as string[],
      };

      const refusals = new Map<string, number>();
      const once = () =>
        new Promise<void>((resolve) => {
          const dialect = CLIENT_DIALECTS[Math.floor(random() * CLIENT_DIALECTS.length)] ?? CLIENT_DIALECTS[0];
          if (dialect === undefined) return resolve();
          const stream = random() < 0.6;
          const leaves = random() < 0.15;
          counts.sent++;
          const call = request(`${gateway.url}${dialect.path}`, {
            method: 'POST',
            agent,
            headers: { 'content-type': 'application/json' },
          });
          let settled = false;
          const end = (what?: 'answered' | 'failed' | 'left') => {
            if (settled) return;
            settled = true;
            if (what !== undefined) counts[what]++;
            resolve();
          };
          const leave = () => {
            end('left');
            call.destroy();
          };
          call.on('error', () => end('left'));
          call.on('close', () => end('left'));
          call.on('response', (response) => {
            const parts: Buffer[] = [];
            if (response.headers['x-signalbox-decision-id'] !== undefined) counts.decided++;
            response.on('data', (part: Buffer) => {
              parts.push(part);
              if (leaves && random() < 0.3) leave();
            });
            response.on('error', () => end('left'));
            response.on('end', () => {
              if (settled) return;
              const raw = Buffer.concat(parts).toString();
              const told = dialect.read(raw, stream && response.statusCode === 200);
              const whole = told.text === upstreams[0]?.tokens.join('');
              // A cut answer never looks complete.
              if (told.complete && !whole) counts.lies.push(`${dialect.name} ${stream}: ${raw.slice(-400)}`);
              if (!told.complete) {
                const why = `${response.statusCode ?? 0} ${JSON.stringify(told.error ?? '')
                  .replaceAll(/[0-9]+/g, '#')
                  .slice(0, 60)}`;
                refusals.set(why, (refusals.get(why) ?? 0) + 1);
                // And one that is not whole says what was wrong.
                if ((told.error ?? '') === '') counts.mute.push(`${dialect.name} ${stream}: ${raw.slice(-400)}`);
              }
              end(told.complete ? 'answered' : 'failed');
            });
          });
          call.end(JSON.stringify(dialect.body('Say it all.', stream)));
          if (leaves) setTimeout(leave, random() * 300);
        });
      const workers = Array.from({ length: CONNECTIONS }, async () => {
        while (performance.now() < until) {
          await once();
        }
      });
      const heaps: number[] = [];
      const watch = setInterval(() => {
        globalThis.gc?.();
        heaps.push(process.memoryUsage().heapUsed);
      }, SECONDS * 25);
      const again = async () => {
        const storage = { url: `file:${gateway.folder}/ledger.db`, journal: `${gateway.folder}/journal` };
        await gateway.engine.replace(await checkedConfig({ ...config(upstreams), server: { port: 0 }, storage }, {}));
      };
      const reload = setInterval(() => void again(), 2000);
      await Promise.all(workers);
      clearInterval(watch);
      clearInterval(reload);
      agent.destroy();

      const heapMB = heaps.map((bytes) => Math.round(bytes / 2 ** 20)).filter((_, i) => i % 8 === 0);
      console.log(
        JSON.stringify({
          ...counts,
          lies: counts.lies.length,
          mute: counts.mute.length,
          heapMB,
          refusals: Object.fromEntries(refusals),
        }),
      );
      expect(counts.lies).toEqual([]);
      expect(counts.mute).toEqual([]);
      expect(rejections).toEqual([]);
      expect(counts.answered).toBeGreaterThan(counts.sent / 3);
      await expect.poll(() => gateway.engine.runtime.recent.inFlight, { timeout: 20_000 }).toBe(0);
      await gateway.engine.ledger.flush();
      expect(await gateway.engine.ledger.store.entries({ limit: 5, status: 'open' })).toEqual([]);
      const [total] = await gateway.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 });
      // A request that its caller left before it was read, or that no model could take, is on no ledger.
      expect(total?.requests).toBeLessThanOrEqual(counts.sent);
      expect(total?.requests).toBeGreaterThanOrEqual(counts.decided);
      const half = Math.floor(heaps.length / 2);
      const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
      if (half > 4) expect(mean(heaps.slice(-half / 2))).toBeLessThan(1.3 * mean(heaps.slice(half / 2, half)));
      process.off('unhandledRejection', rejected);
      await gateway.close();
      for (const upstream of upstreams) {
        await expect.poll(() => upstream.openSockets, { timeout: 20_000 }).toBe(0);
        await upstream.close();
      }
    },
  );
});
