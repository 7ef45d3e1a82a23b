import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, hear, type Asking } from './client.ts';
import { FAULT_KINDS } from './faults.ts';
import { OUTPUT_TOKENS, startFaultServer, type Fault, type FaultServer, type WireName } from './server.ts';
import { WIRES } from './wires/registry.ts';

const NAMES = Object.keys(WIRES) as readonly WireName[];
const MODES = [true, false] as const;

/** Words by which each provider's clients know a refusal. */
const REFUSALS: readonly (readonly [
  Fault['kind'],
  Readonly<Record<WireName, readonly [status: number, words: RegExp]>>,
])[] = [
  [
    'busy',
    {
      'openai-chat': [429, /"code":"rate_limit_exceeded"/],
      'openai-responses': [429, /"code":"rate_limit_exceeded"/],
      anthropic: [429, /"type":"rate_limit_error"/],
      ollama: [429, /^\{"error":"too many concurrent requests"\}$/],
    },
  ],
  [
    'overloaded',
    {
      'openai-chat': [503, /engine is currently overloaded/],
      'openai-responses': [503, /engine is currently overloaded/],
      anthropic: [529, /"type":"overloaded_error"/],
      ollama: [503, /maximum pending requests exceeded/],
    },
  ],
  [
    'error-500',
    {
      'openai-chat': [500, /"type":"server_error"/],
      'openai-responses': [500, /"type":"server_error"/],
      anthropic: [500, /"type":"api_error"/],
      ollama: [500, /runner process has terminated/],
    },
  ],
  [
    'context',
    {
      'openai-chat': [400, /"code":"context_length_exceeded"/],
      'openai-responses': [400, /"code":"context_length_exceeded"/],
      anthropic: [400, /"type":"invalid_request_error","message":"prompt is too long/],
      ollama: [400, /exceeded max context length/],
    },
  ],
  [
    'filter',
    {
      'openai-chat': [400, /"code":"content_policy_violation"/],
      'openai-responses': [400, /"code":"content_policy_violation"/],
      anthropic: [400, /Output blocked by content filtering policy/],
      ollama: [400, /content_policy_violation/],
    },
  ],
  [
    'auth',
    {
      'openai-chat': [401, /"code":"invalid_api_key"/],
      'openai-responses': [401, /"code":"invalid_api_key"/],
      anthropic: [401, /"type":"authentication_error"/],
      ollama: [401, /unauthorized/],
    },
  ],
  [
    'quota',
    {
      'openai-chat': [429, /"code":"insufficient_quota"/],
      'openai-responses': [429, /"code":"insufficient_quota"/],
      anthropic: [400, /credit balance is too low/],
      ollama: [429, /usage limit/],
    },
  ],
  [
    'not-found',
    {
      'openai-chat': [404, /"code":"model_not_found"/],
      'openai-responses': [404, /"code":"model_not_found"/],
      anthropic: [404, /"type":"not_found_error","message":"model: m1"/],
      ollama: [404, /model 'm1' not found/],
    },
  ],
];

describe.each(NAMES)('%s', (wire) => {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer({ wire });
  });
  afterAll(() => server.close());

  const meet = async (fault: Fault, stream: boolean, asking: Omit<Asking, 'stream'> = {}) => {
    server.next(fault);
    const exchange = await ask(server, wire, { stream, ...asking });
    const called = server.calls.at(-1);
    expect(called?.fault).toBe(fault.kind);
    expect([server.inFlight, server.openTimers]).toEqual([0, 0]);
    return { ...exchange, ...hear(exchange.body, stream), closedByClient: called?.closedByClient };
  };
  /** The first tokens. */
  const first = (count: number) => server.tokens.slice(0, count).join('');
  const complete = () => ({
    status: 200,
    whole: true,
    text: server.text,
    finished: true,
    output: OUTPUT_TOKENS,
    errors: [],
    unreadable: 0,
    closedByClient: false,
  });

  describe.each(MODES)('streamed: %s', (stream) => {
    it('ok: the whole text, with its end and usage', async () => {
      const met = await meet({ kind: 'ok' }, stream);
      expect(met).toMatchObject(complete());
      if (stream) expect(met.ended).toBe(true);
    });

    it.each(REFUSALS)('%s: in the provider’s words', async (kind, by) => {
      const [status, words] = by[wire];
      const met = await meet({ kind } as Fault, stream);
      expect(met).toMatchObject({ status, whole: true, text: '' });
      expect(met.body).toMatch(words);
      expect(met.errors.length).toBeGreaterThan(0);
      expect(met.headers['retry-after']).toBeUndefined();
      expect(met.body).not.toMatch(/try again in/i);
    });

    it('busy-after: says how long', async () => {
      const met = await meet({ kind: 'busy-after', seconds: 2, ms: 40 }, stream);
      expect(met).toMatchObject({ status: 429, headers: { 'retry-after': '2', 'retry-after-ms': '40' } });
    });

    it('error-503: a proxy’s words, no JSON', async () => {
      const met = await meet({ kind: 'error-503' }, stream);
      expect(met).toMatchObject({ status: 503, unreadable: 1, headers: { 'content-type': 'text/plain' } });
    });

    it('status: any', async () => {
      expect(await meet({ kind: 'status', status: 418, body: '{}' }, stream)).toMatchObject({
        status: 418,
        body: '{}',
      });
    });

    it('reset: before the head', async () => {
      const met = await meet({ kind: 'reset' }, stream);
      expect(met).toMatchObject({ status: undefined, body: '', error: 'ECONNRESET', closedByClient: false });
    });

    it('garbage: no HTTP', async () => {
      const met = await meet({ kind: 'garbage' }, stream);
      expect(met).toMatchObject({ status: undefined, whole: false });
      expect(met.body).toContain('not HTTP');
    });

    it('slow-first-token: late, then well', async () => {
      expect(await meet({ kind: 'slow-first-token', ms: 5 }, stream)).toMatchObject(complete());
      expect(await meet({ kind: 'slow-first-token', ms: 5, holdHead: true }, stream)).toMatchObject(complete());
    });

    it.each(['close', 'reset', 'inside'] as const)('cut (%s): less than was promised', async (how) => {
      const met = await meet({ kind: 'cut', after: 40, how }, stream);
      expect(met).toMatchObject({ status: 200, whole: false, finished: false, ended: false, closedByClient: false });
      // A client that reads the last bytes and the reset at once takes it for an end.
      expect(how === 'reset' ? undefined : met.error).toBeUndefined();
      if (stream) expect(met.text).toBe(first(40));
    });

    it('cut (ended): HTTP is whole, the answer is not', async () => {
      const met = await meet({ kind: 'cut', after: 40, how: 'ended' }, stream);
      expect(met).toMatchObject({ status: 200, whole: true, finished: false, ended: false });
      if (stream) expect(met.text).toBe(first(40));
    });

    it('cut-body: the length promises more than comes', async () => {
      for (const sent of [undefined, 10, 1e6]) {
        const met = await meet({ kind: 'cut-body', ...(sent === undefined ? {} : { sent }) }, stream);
        expect(met).toMatchObject({ status: 200, whole: false, error: undefined });
        expect(Number(met.headers['content-length'])).toBeGreaterThan(met.body.length);
      }
    });

    it('stall: goes on after a while', async () => {
      expect(await meet({ kind: 'stall', after: 20, ms: 5 }, stream)).toMatchObject(complete());
    });

    it('malformed: one thing cannot be read', async () => {
      const met = await meet({ kind: 'malformed', after: 10 }, stream);
      expect(met).toMatchObject({ status: 200, whole: true, unreadable: 1 });
      if (!stream) return;
      expect(met).toMatchObject({ ...complete(), unreadable: 1 });
      const lost = await meet({ kind: 'malformed', after: 10, lost: true }, stream);
      expect(lost).toMatchObject({ ...complete(), text: met.text.replace(' word10 ', ' '), unreadable: 1 });
    });

    it('no-done: all but the end, which comes late', async () => {
      const met = await meet({ kind: 'no-done', ms: 5 }, stream);
      expect(met).toMatchObject(complete());
      // The finish reason is the last word of the other two wires.
      if (stream) expect(met.ended).toBe(wire === 'openai-responses' || wire === 'ollama');
    });

    it.each([undefined, 0, 7])('in-band after %s: status 200, and an error', async (after) => {
      const met = await meet({ kind: 'in-band', ...(after === undefined ? {} : { after }) }, stream);
      expect(met).toMatchObject({ status: 200, whole: true, finished: false, ended: false });
      expect(met.text).toBe(stream && after === 7 ? first(7) : '');
      expect(met.errors).toHaveLength(1);
    });

    it('in-band, busy: that error', async () => {
      const met = await meet({ kind: 'in-band', busy: true }, stream);
      expect(met.errors.join('')).toMatch(/rate limit|overloaded|busy/i);
    });
  });

  const silences: readonly (readonly [Fault, boolean, (bytes: string) => boolean])[] = [
    [{ kind: 'stall', after: 20 }, true, (bytes) => bytes.includes('word19')],
    [{ kind: 'stall' }, false, (bytes) => bytes.includes('word')],
    [{ kind: 'slow-first-token' }, true, (bytes) => bytes.endsWith('\r\n\r\n')],
    [{ kind: 'no-done' }, true, (bytes) => hear(exchangeBody(bytes), true).finished],
  ];
  it.each(silences)(
    '%o, streamed: %s, lasts until the client hangs up, which is seen',
    async (fault, stream, hangUpOn) => {
      server.next(fault);
      const exchange = await ask(server, wire, { stream, hangUpOn });
      await server.calls.at(-1)?.over;
      expect(exchange.whole).toBe(false);
      expect(server.calls.at(-1)?.closedByClient).toBe(true);
    },
  );

  it('down: until its time is over, by the clock', async () => {
    let now = 1000;
    const down = await startFaultServer({ wire, clock: { now: () => now, elapsed: () => now } });
    down.always({ kind: 'down', ms: 60_000 });
    const statuses: (number | undefined)[] = [];
    for (now of [1000, 60_999, 61_000, 99_000]) statuses.push((await ask(down, wire, { stream: true })).status);
    expect(statuses).toEqual([503, 503, 200, 200]);
    expect(down.calls.map(({ at }) => at)).toEqual([0, 59_999, 60_000, 98_000]);
    await down.close();
  });

  it('brings headers and limits with any answer', async () => {
    const limit = { limit: 100, remaining: 7, resetMs: 90_500 };
    for (const kind of ['ok', 'busy'] as const) {
      const { headers } = await meet({ kind, headers: { 'x-more': 'yes' }, rate: { requests: limit } }, true);
      expect(headers['x-more']).toBe('yes');
      const told = Object.entries(headers).filter(([name]) => name.includes('ratelimit'));
      if (wire === 'ollama') expect(told).toEqual([]);
      else expect(told.map(([, value]) => value).slice(0, 2)).toEqual(['100', '7']);
      if (wire.startsWith('openai')) expect(headers['x-ratelimit-reset-requests']).toBe('1m30.5s');
      if (wire === 'anthropic') expect(headers['anthropic-ratelimit-requests-reset']).toMatch(/T[\d:]{8}Z$/);
    }
  });
});

/** The readable part of a stream that has not ended. */
function exchangeBody(bytes: string): string {
  return bytes.replaceAll(/\r\n[\da-f]*\r\n/g, '').slice(bytes.indexOf('\r\n\r\n'));
}

it('tests every fault', () => {
  const elsewhere = ['silent', 'rejects-prefill', 'ignores-prefill', 'down', 'cut', 'in-band'];
  const here = [...REFUSALS.map(([kind]) => kind), 'ok', 'busy-after', 'error-503', 'status', 'reset', 'garbage'];
  const more = ['slow-first-token', 'cut-body', 'stall', 'malformed', 'no-done'];
  expect([...FAULT_KINDS].sort()).toEqual([...elsewhere, ...here, ...more].sort());
});
