import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../../support/gateway.ts';
import { rawRequest, sendRaw, statusesIn } from '../../support/raw-http.ts';

const OWNER = 'sb-0123456789-the-owner';

let upstream: MockProvider;
let gateway: TestGateway;
let host: string;

beforeAll(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    auth: { keys: [{ name: 'owner', key: OWNER, admin: true }] },
  });
  host = `Host: ${new URL(gateway.url).host}`;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** What a proxy in front would take for a body, and this gateway must not take for a request. */
const HIDDEN = 'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';
const BODY = JSON.stringify(asking('Hi', { model: 'small' }));
const chunk = (text: string, extension = '') => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
const CHUNKS = `${chunk(BODY)}0\r\n\r\n`;
const LENGTH = `Content-Length: ${BODY.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

const post = (headers: readonly string[], body: string) =>
  ['POST /v1/chat/completions HTTP/1.1', host, ...headers, '', body].join('\r\n');

describe('a request that two readers could frame differently', () => {
  it.each<[string, readonly string[], string]>([
    ['length and chunks', [LENGTH, CHUNKED], CHUNKS + HIDDEN],
    ['chunks and length', [CHUNKED, LENGTH], CHUNKS + HIDDEN],
    ['two lengths', [LENGTH, 'Content-Length: 0'], BODY + HIDDEN],
    ['two lengths in one', [`Content-Length: ${BODY.length}, 0`], BODY + HIDDEN],
    ['a signed length', [`Content-Length: +${BODY.length}`], BODY + HIDDEN],
    ['a hexadecimal length', ['Content-Length: 0x10'], BODY + HIDDEN],
    ['a length too great', ['Content-Length: 18446744073709551617'], BODY + HIDDEN],
    ['an encoding that is not chunked last', ['Transfer-Encoding: chunked, identity'], CHUNKS + HIDDEN],
    ['an encoding nobody knows', ['Transfer-Encoding: xchunked'], CHUNKS + HIDDEN],
    ['an encoding in a line of its own', ['Transfer-Encoding:\r\n chunked'], CHUNKS + HIDDEN],
    ['a name with a space', ['Transfer-Encoding : chunked'], CHUNKS + HIDDEN],
    ['a name with a tab', [`Content-Length\t: ${BODY.length}`], BODY + HIDDEN],
    ['a folded line', ['X-A: a\r\n b', LENGTH], BODY + HIDDEN],
    ['a bare line feed', [`X-A: a\nContent-Length: 0`, LENGTH], BODY + HIDDEN],
    ['a bare carriage return', [`X-A: a\rContent-Length: 0`, LENGTH], BODY + HIDDEN],
    ['a NUL', ['X-A: a\0b', LENGTH], BODY + HIDDEN],
    ['a chunk size with a sign', [CHUNKED], `+${CHUNKS}${HIDDEN}`],
    ['a chunk size with 0x', [CHUNKED], `0x${CHUNKS}${HIDDEN}`],
    ['a chunk that is longer than it says', [CHUNKED], `5\r\nabcdefgh\r\n0\r\n\r\n${HIDDEN}`],
    ['chunks ended by line feeds', [CHUNKED], `${CHUNKS.replaceAll('\r\n', '\n')}${HIDDEN}`],
    ['an endless chunk extension', [CHUNKED], `${chunk(BODY, `;${'a'.repeat(40_000)}`)}0\r\n\r\n${HIDDEN}`],
  ])('is refused: %s', async (_name, headers, body) => {
    const before = upstream.requests.length;
    const told = await sendRaw(gateway.url, post(headers, body));
    expect(statusesIn(told).filter((status) => status < 400)).toEqual([]);
    expect(told).not.toContain('"name":"signalbox"');
    expect(upstream.requests.length).toBe(before);
  });

  it('is read to its own end where it is sound: extensions and trailers are passed over', async () => {
    const body = `${chunk(BODY, ';a="b"')}0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n`;
    const told = await sendRaw(gateway.url, post([CHUNKED], body) + HIDDEN);
    expect(statusesIn(told)).toEqual([200, 200]);
  });

  it('is refused without a host, in another protocol, or in none', async () => {
    for (const bytes of [
      'GET /version HTTP/1.1\r\nConnection: close\r\n\r\n',
      'GET /version\r\n\r\n',
      `get /version HTTP/1.1\r\n${host}\r\n\r\n`,
      `GET /version HTTP/9.9\r\n${host}\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ]) {
      const told = await sendRaw(gateway.url, bytes);
      expect(
        statusesIn(told).filter((status) => status < 400),
        bytes,
      ).toEqual([]);
      expect(told).not.toContain('"name":"signalbox"');
    }
  });
});

describe('headers', () => {
  it('count however many come before them: a forwarded request stays one', async () => {
    const many = Array.from({ length: 2500 }, () => 'a:');
    for (const forwarding of ['X-Forwarded-For: 203.0.113.9', 'Origin: http://evil.example']) {
      const told = await sendRaw(gateway.url, rawRequest('GET /router/v1/keys HTTP/1.1', [host, ...many, forwarding]));
      expect(statusesIn(told)[0]).toBeGreaterThanOrEqual(400);
    }
  });

  it('of more than 16 KB are refused', async () => {
    for (const big of [[`X-A: ${'a'.repeat(20_000)}`], Array.from({ length: 5000 }, (_, i) => `X-${i}: a`)]) {
      expect(statusesIn(await sendRaw(gateway.url, rawRequest('GET /version HTTP/1.1', [host, ...big])))).toEqual([
        431,
      ]);
    }
  });

  it('go to no provider with a line of the caller’s making, and make no provider sick', async () => {
    const odd = ['\x7f', '\x80\xff', '\t', 'é'.repeat(50), 'a'.repeat(4000)];
    for (const value of odd) {
      const headers = [LENGTH, `User-Agent: a${value}b`, `X-Request-Id: ${value}`, `OpenAI-Beta: ${value}`];
      const told = await sendRaw(gateway.url, post([...headers, 'Connection: close'], BODY));
      const [status] = statusesIn(told);
      expect([200, 400], JSON.stringify(value)).toContain(status);
    }
    expect((await gateway.chat(asking('Hi', { model: 'small' }))).status).toBe(200);
  });
});

describe('a flood of requests on one connection', () => {
  it('is answered one by one, in order', async () => {
    const flood = `GET /version HTTP/1.1\r\n${host}\r\n\r\n`.repeat(2000);
    const told = await sendRaw(gateway.url, flood + rawRequest('GET /health HTTP/1.1', [host]));
    const statuses = statusesIn(told);
    expect(statuses).toHaveLength(2001);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(told.trimEnd().endsWith('{"status":"ok"}')).toBe(true);
  });
});
