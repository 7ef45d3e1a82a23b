import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { startFaultServer, type Fault, type FaultServer } from '../mock-provider/faulty/server.ts';
import { CLIENT_DIALECTS, type ClientDialect, type Told } from '../support/dialects.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** Durations of the table, shortened so that the suite is quick; the long suite runs them as they are. */
const SCALE = Number(process.env['SIGNALBOX_FAULT_SCALE'] ?? 0.02);
const ms = (real: number): number => real * SCALE;
const limit = (real: number): string => `${Math.max(1, Math.round(ms(real)))}ms`;

/** Primary and fallback, each an upstream of its own. */
function config(kind: string, primary: string, fallback: string): ConfigInput {
  const provider = (url: string) => ({ kind, baseUrl: kind === 'ollama' ? url : `${url}/v1`, apiKey: 'provider-key' });
  const price = { input: 1, output: 2 };
  return {
    providers: { one: provider(primary), two: provider(fallback) },
    models: [
      { id: 'primary', provider: 'one', model: 'm1', quality: 0.9, price, contextWindow: 8000 },
      {
        id: 'fallback',
        provider: 'two',
        model: 'm2',
        quality: 0.8,
        price: { input: 2, output: 4 },
        contextWindow: 128_000,
      },
    ],
    routing: { default: 'primary', strategy: 'static', fallbacks: ['fallback'] },
    timeouts: {
      firstToken: limit(10_000),
      firstTokenLocal: limit(10_000),
      firstTokenReasoning: limit(10_000),
      idle: limit(30_000),
    },
    retries: { max: 2, wait: '3s' },
  };
}

interface Result extends Told {
  readonly took: number;
}

const ask = async (gateway: TestGateway, dialect: ClientDialect, stream: boolean): Promise<Result> => {
  const started = performance.now();
  const response = await gateway.post(dialect.path, dialect.body('Say it all.', stream));
  const raw = await response.text();
  const took = performance.now() - started;
  const read = dialect.read(raw, stream && response.status === 200);
  return { ...read, status: response.status, headers: response.headers, raw, took };
};

/** Providers of the caller's own dialect; in the long suite those of another too. */
const UPSTREAMS = process.env['SIGNALBOX_FAULTS'] === 'all' ? (['own', 'other'] as const) : (['own'] as const);

describe.each(CLIENT_DIALECTS)('a caller of $name', (dialect) => {
  describe.each(UPSTREAMS)('in front of providers of its %s dialect', (upstreams) => {
    const kind = upstreams === 'own' ? dialect.kind : dialect.kind === 'openai' ? 'anthropic' : 'openai';
    let primary: FaultServer;
    let fallback: FaultServer;
    let gateway: TestGateway;
    let before = 0;

    beforeAll(async () => {
      fallback = await startFaultServer();
      primary = await startFaultServer();
      gateway = await startGateway(config(kind, primary.url, fallback.url));
    });
    afterAll(async () => {
      await gateway.close();
      await primary.close();
      await fallback.close();
    });
    beforeEach(() => {
      primary.always({ kind: 'ok' });
      fallback.always({ kind: 'ok' });
      before = primary.calls.length;
      // What one test did to the upstreams' health is nothing to the next.
      gateway.engine.runtime.memory.endCoolDowns();
    });
    /** Calls of this test. */
    const calls = () => primary.calls.slice(before);

    const whole = (told: Result, model: string): void => {
      expect(told.error).toBeUndefined();
      expect(told.status).toBe(200);
      expect(told.text).toBe(primary.tokens.join(''));
      expect(told.complete).toBe(true);
      expect(told.usages).toBe(1);
      expect(told.headers.get('x-signalbox-model')).toBe(model);
    };
    const outcome = (told: Result) =>
      gateway.engine.runtime.recent.request(told.headers.get('x-signalbox-request-id') ?? '')?.outcome;

    describe.each([false, true])('streamed: %s', (stream) => {
      const run = () => ask(gateway, dialect, stream);

      it('429 with Retry-After, once: the answer of the same model, after the wait', async () => {
        primary.next({ kind: 'status', status: 429, headers: { 'retry-after-ms': String(ms(2000)) } });
        whole(await run(), 'primary');
        const [first, second] = calls();
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(ms(1800));
      });

      it('429 always, without Retry-After: the fallback’s answer after few calls', async () => {
        primary.always({ kind: 'status', status: 429 });
        whole(await run(), 'fallback');
        expect(calls().length).toBeLessThanOrEqual(4);
      });

      it('500 once: the answer after one quick retry', async () => {
        primary.next({ kind: 'status', status: 500 });
        whole(await run(), 'primary');
        expect(calls()).toHaveLength(2);
      });

      it('503 always: the fallback’s answer, and failed calls are not billed as answers', async () => {
        primary.always({ kind: 'status', status: 503 });
        const told = await run();
        whole(told, 'fallback');
        expect(calls().length).toBeLessThanOrEqual(6);
        const ended = outcome(told);
        expect(ended?.attempts.filter(({ failure }) => failure !== undefined).every(({ cost }) => cost === 0n)).toBe(
          true,
        );
        expect(ended).toMatchObject({ status: 'ok', model: 'fallback', usage: { input: 25, output: 60 } });
      });

      it('a reset before the head, once: the answer', async () => {
        primary.next({ kind: 'reset' });
        whole(await run(), 'primary');
        expect(calls()).toHaveLength(2);
      });

      it('no response: the fallback’s answer after the first-token limit, and one call', async () => {
        primary.always({ kind: 'silent' });
        const told = await run();
        whole(told, 'fallback');
        expect(calls()).toHaveLength(1);
        // A whole answer may take as long as its tokens besides.
        expect(told.took).toBeLessThan(ms(10_000) + 4500);
      });

      it('a slow first token: the fallback’s answer in time', async () => {
        primary.always({ kind: 'slow-first-token', ms: stream ? ms(20_000) : ms(10_000) + 8000 });
        whole(await run(), 'fallback');
        expect(calls()).toHaveLength(1);
      });

      it('cut in the middle: the whole answer, nothing twice', async () => {
        primary.always({ kind: 'cut', after: 40 });
        const told = await run();
        whole(told, stream ? 'primary' : 'fallback');
        expect(outcome(told)).toMatchObject({ status: 'ok', model: 'fallback' });
      });

      it('cut, and the fallback takes no prefill: the whole answer', async () => {
        primary.always({ kind: 'cut', after: 40 });
        fallback.always({ kind: 'rejects-prefill' });
        const told = await run();
        whole(told, stream ? 'primary' : 'fallback');
        expect(told.raw).not.toContain('prefill');
      });

      it('a stall in the middle: the whole answer', async () => {
        primary.always({ kind: 'stall', after: 20, ms: 60_000 });
        whole(await run(), stream ? 'primary' : 'fallback');
        expect((await gateway.get('/health')).status).toBe(200);
      });

      it.each([false, true])('one malformed event: the whole answer (in place of one: %s)', async (lost) => {
        primary.next({ kind: 'malformed', after: 30, lost });
        const told = await run();
        // A whole answer is asked for again, of the same model.
        whole(told, 'primary');
        expect(outcome(told)).toMatchObject({ status: 'ok', model: stream ? 'fallback' : 'primary' });
      });

      it('no end after the finish reason: the answer at once, usage included', async () => {
        primary.next({ kind: 'no-done' });
        const told = await run();
        whole(told, 'primary');
        expect(told.output).toBe(60);
        expect(told.took).toBeLessThan(2500);
      });

      it('larger than the window: the larger model’s answer, and one call to the small one', async () => {
        const message = "This model's maximum context length is 8000 tokens";
        primary.always({
          kind: 'status',
          status: 400,
          body: JSON.stringify({ error: { code: 'context_length_exceeded', message } }),
        });
        whole(await run(), 'fallback');
        expect(calls()).toHaveLength(1);
      });

      it('content policy: that error, one call, no fallback', async () => {
        const message = 'Your request was rejected by our safety system';
        const body = JSON.stringify({ error: { code: 'content_policy_violation', message } });
        primary.always({ kind: 'status', status: 400, body });
        const others = fallback.calls.length;
        const told = await run();
        expect(told.status).toBe(400);
        expect(told.raw).toContain(message);
        if (upstreams === 'own') expect(told.raw).toBe(body);
        expect([calls().length, fallback.calls.length]).toEqual([1, others]);
      });

      it('down for a while: every answer, and few calls while it is down', async () => {
        primary.always({ kind: 'status', status: 503 });
        for (let n = 0; n < 8; n++) whole(await run(), 'fallback');
        expect(calls().length).toBeLessThanOrEqual(6);
      });

      it('an error instead of an answer, with status 200: the fallback’s answer', async () => {
        primary.always({ kind: 'in-band', after: 0 });
        const told = await run();
        whole(told, 'fallback');
        expect(outcome(told)?.attempts[0]).toMatchObject({ failure: 'sick' });
      });

      it('an error in the middle: the whole answer', async () => {
        const fault: Fault = { kind: 'in-band', after: 40 };
        primary.always(fault);
        const told = await run();
        whole(told, stream ? 'primary' : 'fallback');
        expect(outcome(told)).toMatchObject({ status: 'ok', model: 'fallback' });
      });
    });
  });
});
