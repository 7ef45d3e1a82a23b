import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chunkEvent,
  hangs,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway(twoModels(upstream.baseUrl));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** More than the buffers of an answer that waits for another one. */
const endless: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = chunkEvent({ content: 'x'.repeat(10_000) });
  const write = () => {
    while (!response.destroyed && response.write(event));
  };
  response.on('drain', write);
  write();
};

function post(body: unknown): string {
  const text = JSON.stringify(body);
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

describe('a client that stays and reads nothing', () => {
  it('ends its upstream call after timeouts.idle', async () => {
    await gateway.close();
    gateway = await startGateway({ ...twoModels(upstream.baseUrl), timeouts: { idle: '200ms' } });
    upstream.behave(endless);
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write(post(asking('Hi', { stream: true })));
    await expect.poll(() => upstream.requests.length).toBe(1);
    await upstream.requests[0]?.closed;
    await expect
      .poll(async () => (await gateway.engine.ledger.store.entries({ limit: 9, status: 'cancelled' })).length)
      .toBe(1);
    socket.destroy();
  });
});

describe('a client that sent its requests ahead and hangs up', () => {
  it.each([
    ['streams', true, endless],
    ['whole answers', false, hangs],
  ])('ends the upstream calls of all of them: %s', async (_name, stream, behaviour) => {
    upstream.behave(behaviour);
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write(post(asking('Hi', { stream })).repeat(3));
    await expect.poll(() => upstream.requests.length).toBe(3);
    socket.destroy();
    await Promise.all(upstream.requests.map(({ closed }) => closed));
    await expect.poll(() => gateway.engine.runtime.recent.inFlight).toBe(0);
    await expect
      .poll(async () => (await gateway.engine.ledger.store.entries({ limit: 9, status: 'cancelled' })).length)
      .toBe(3);
  });
});
