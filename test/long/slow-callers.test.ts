import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway(twoModels(upstream.baseUrl));
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** A connection that says something, then a byte now and then, for ever. */
function trickle(first: string, drop: string): { readonly socket: Socket; readonly closed: Promise<number> } {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const begun = Date.now();
  socket.on('error', () => {});
  socket.resume();
  if (first !== '') socket.write(first);
  const timer = drop === '' ? undefined : setInterval(() => socket.writable && socket.write(drop), 2000);
  const closed = new Promise<number>((resolve) => {
    socket.on('close', () => {
      clearInterval(timer);
      resolve(Date.now() - begun);
    });
  });
  return { socket, closed };
}

const head = (path: string) => `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;

/** How a caller may be slow, and how many of them there are. */
const WAYS: readonly (readonly [string, number, string, string])[] = [
  ['says nothing', 500, '', ''],
  ['sends its head a byte at a time', 50, 'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ', 'a'],
  ['sends headers one at a time', 50, 'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X-A: a\r\n'],
  ['sends its body a byte at a time', 50, `${head('/v1/chat/completions')}Content-Length: 100000\r\n\r\n`, ' '],
  ['sends its chunks a byte at a time', 50, `${head('/v1/messages')}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ['sends a form a byte at a time', 50, `${head('/v1/audio/speech')}Content-Length: 100000\r\n\r\n`, ' '],
  ['never sends its body', 50, `${head('/router/v1/feedback')}Content-Length: 10\r\n\r\n`, ''],
];
/** Node looks every 30 seconds for heads of more than a minute and bodies of more than five. */
const AT_MOST_MS = 400_000;

describe('callers who take their time', () => {
  it('hold up nobody else, and are sent away', async () => {
    const all = WAYS.flatMap(([name, count, first, drop]) =>
      Array.from({ length: count }, () => ({ name, ...trickle(first, drop) })),
    );
    for (let n = 0; n < 50; n++) {
      expect((await gateway.chat(asking('Hi', { model: 'small' }))).status).toBe(200);
    }
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), AT_MOST_MS).unref());
    for (const { name, closed } of all) {
      expect(await Promise.race([closed, late]), name).toBeLessThan(AT_MOST_MS);
    }
    expect((await gateway.chat(asking('Hi', { model: 'small' }))).status).toBe(200);
  });
});
