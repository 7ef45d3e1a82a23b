import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startMockProvider, streamEvents } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels } from '../support/gateway.ts';

const STREAMS = 10_000;
const PARALLEL = 50;

describe(`${STREAMS} aborted streams`, () => {
  it('leave no open upstream connection, no unsettled request and no crash', { timeout: 600_000 }, async () => {
    const upstream = await startMockProvider((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents(['Hello'])[0]);
      response.write(streamEvents(['Hello'])[1]);
      const more = setInterval(() => response.write(streamEvents([' more'])[1]), 5);
      response.on('close', () => clearInterval(more));
    });
    const gateway = await startGateway(twoModels(upstream.baseUrl));
    const agent = new Agent({ keepAlive: false });
    const body = JSON.stringify(asking('Hi', { stream: true }));
    const once = (n: number) =>
      new Promise<void>((resolve) => {
        const call = request(
          `${gateway.url}/v1/chat/completions`,
          { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
          (response) => {
            // Some leave at the head, some at the first byte, some a little later.
            if (n % 3 === 0) call.destroy();
            else if (n % 3 === 1) response.once('data', () => call.destroy());
            else response.once('data', () => setTimeout(() => call.destroy(), 10));
            response.resume();
          },
        );
        call.on('close', () => resolve());
        call.on('error', () => {});
        call.end(body);
        if (n % 7 === 0) setTimeout(() => call.destroy(), 3);
      });
    let next = 0;
    const worker = async () => {
      while (next < STREAMS) await once(next++);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    await expect.poll(() => upstream.openSockets, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => gateway.engine.runtime.recent.inFlight, { timeout: 15_000 }).toBe(0);
    await gateway.engine.ledger.flush();
    expect(await gateway.engine.ledger.store.entries({ limit: 5, status: 'open' })).toEqual([]);
    const [total] = await gateway.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 });
    expect(total?.requests).toBe(upstream.requests.length);
    expect((await gateway.get('/ready')).status).toBe(200);
    await gateway.close();
    await upstream.close();
  });
});
