import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/ledger/open-store.ts';
import {
  completion,
  json,
  startMockProvider,
  streamEvents,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startCli, startServe } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;

beforeEach(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider();
  await writeFile(
    join(folder.path, 'signalbox.yaml'),
    JSON.stringify({
      providers: { p: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
      models: [{ id: 'm', provider: 'p', price: { input: 1, output: 2 }, maxOutput: 100 }],
    }),
  );
});

afterEach(async () => {
  await upstream.close();
  await folder.remove();
});

const post = (url: string, body: object) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const store = () => openStore(`file:${join(folder.path, '.signalbox/signalbox.db')}`, { clock: systemClock });

describe('SIGTERM', () => {
  it('lets answers under way end, refuses new ones, flushes and ends with 0', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const events = streamEvents(['one', 'two']);
      response.write(events[0]);
      await held;
      for (const event of events.slice(1)) response.write(event);
      response.end();
    });
    const serving = await startServe([], { cwd: folder.path });
    const response = await post(serving.url, asking('Hi', { stream: true }));
    serving.child.kill('SIGTERM');
    await expect.poll(() => serving.output.stderr).toContain('draining');
    // A connection that is kept alive is told so; a new one is not taken.
    const refused = await post(serving.url, asking('Hi')).then(
      ({ status }) => status,
      () => 503,
    );
    expect(refused).toBe(503);
    release();
    expect(await response.text()).toContain('[DONE]');
    expect((await serving.ended).code).toBe(0);
    const ledger = await store();
    expect(await ledger.usage({ since: 0, until: Date.now() + 1 })).toMatchObject([
      { requests: 1, failed: 0, interrupted: 0 },
    ]);
    await ledger.close();
  });
});

describe('SIGTERM during the start', () => {
  it('once anything is opened lets it finish, closes it and ends with 0', async () => {
    const starting = startCli(['serve', '--port', '0'], { cwd: folder.path });
    await expect.poll(() => existsSync(join(folder.path, '.signalbox')), { timeout: 10_000, interval: 1 }).toBe(true);
    starting.child.kill('SIGTERM');
    expect(await starting.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('closed') });
    expect(await readdir(join(folder.path, '.signalbox/journal'))).toEqual([]);
  });
});

describe('kill -9 under load', () => {
  it('loses no request: finished ones are exact, those in flight are interrupted', { timeout: 60_000 }, async () => {
    // Each answer has its own number of tokens, so that a mix-up would show.
    let next = 0;
    upstream.behave((request, response) => {
      const tokens = ++next;
      const usage = { prompt_tokens: tokens, completion_tokens: 1, total_tokens: tokens + 1 };
      const answer = () => void json(completion('x', usage))(request, response);
      setTimeout(answer, 5 + (tokens % 50));
    });
    const serving = await startServe([], { cwd: folder.path });
    const finished = new Map<string, number>();
    const client = async (): Promise<void> => {
      for (;;) {
        try {
          const response = await post(serving.url, asking('Hi'));
          const { usage } = (await response.json()) as { usage: { prompt_tokens: number } };
          finished.set(response.headers.get('x-signalbox-request-id') ?? '', usage.prompt_tokens);
        } catch {
          return;
        }
      }
    };
    const clients = Array.from({ length: 24 }, client);
    await expect.poll(() => finished.size, { timeout: 20_000 }).toBeGreaterThan(600);
    serving.child.kill('SIGKILL');
    await Promise.all(clients);
    const seen = upstream.requests.length;

    const again = await startServe([], { cwd: folder.path });
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${again.url}/router/v1/stats`)).json()) as { interrupted: number }).interrupted,
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    again.child.kill('SIGTERM');
    expect((await again.ended).code).toBe(0);

    const ledger = await store();
    for (const [id, tokens] of finished) {
      expect((await ledger.entry(id))?.outcome).toMatchObject({ status: 'ok', cost: BigInt(tokens * 1000 + 2000) });
    }
    const [total] = await ledger.usage({ since: 0, until: Date.now() + 1 });
    // Whatever the upstream saw had its intent written before; an intent may be there whose call never left.
    expect(total?.requests).toBeGreaterThanOrEqual(seen);
    expect(total?.requests).toBeLessThanOrEqual(seen + 24);
    expect(total?.interrupted).toBeGreaterThan(0);
    expect(total?.interrupted).toBeLessThanOrEqual((total?.requests ?? 0) - finished.size);
    expect(await ledger.entries({ limit: 10, status: 'open' })).toEqual([]);
    await ledger.close();
  });
});
