import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, SignalboxError, type ErrorCode } from '../errors.ts';
import type { ChatEvent, ChatRequest, Usage } from './chat.ts';
import type { Codec, EncoderOptions } from './codec.ts';
import { UNREADABLE } from './inside-error.ts';
import { MAX_SEEN_CHARS, type TapOptions } from './tap.ts';
import { createTranscoder } from './transcoder.ts';

const EVENTS: readonly ChatEvent[] = [
  { type: 'response-metadata', id: 'r1', model: 'm', createdAt: 7 },
  { type: 'reasoning-delta', delta: 'hm' },
  { type: 'text-delta', delta: 'Hel' },
  { type: 'text-delta', delta: 'lo ✓' },
  { type: 'tool-call-delta', index: 0, toolCallId: 'a', toolName: 'f', delta: '{"x"' },
  { type: 'tool-call-delta', index: 0, delta: ':1}' },
  { type: 'finish', finishReason: 'tool-calls' },
  { type: 'usage', usage: { input: 10, output: 5, cacheRead: 4, cacheWrite: 3, reasoning: 1 } },
];

/** Of an answer that nobody asked for. */
const BARE: EncoderOptions = { id: 'x1', model: 'm', createdAt: 8, inputTokens: 10, includeUsage: true };

/** What every dialect tells alike: ids have forms of their own, some say a usage before the last, and not all its parts. */
function told(events: readonly ChatEvent[]): ChatEvent[] {
  const final = events.findLast(({ type }) => type === 'usage');
  const rest = events.filter(({ type }) => type !== 'usage' && type !== 'ping' && type !== 'response-metadata');
  if (final?.type !== 'usage') return joinedDeltas(rest);
  const { input, output } = final.usage;
  return [...joinedDeltas(rest), { type: 'usage', usage: { input, output } }];
}

/** Neighbouring deltas of one kind as one: where they are cut means nothing. */
function joinedDeltas(events: readonly ChatEvent[]): ChatEvent[] {
  const out: ChatEvent[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (last?.type === 'text-delta' && event.type === 'text-delta')
      out[out.length - 1] = { ...last, delta: last.delta + event.delta };
    else if (last?.type === 'reasoning-delta' && event.type === 'reasoning-delta')
      out[out.length - 1] = { ...last, ...event, delta: last.delta + event.delta };
    else if (last?.type === 'tool-call-delta' && event.type === 'tool-call-delta' && last.index === event.index)
      out[out.length - 1] = { ...last, delta: last.delta + event.delta };
    else out.push(event);
  }
  return out;
}

async function* from<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Bytes of the dialect that the suite cannot make itself. */
export interface CodecSamples {
  /** A valid request with tools, a file, a tool call and its result, streamed and with a limit on its output. */
  readonly request: unknown;
  /** The same in no dialect. */
  readonly parsed: ChatRequest;
  /** A whole answer that says `hi`, with 3 input and 2 output tokens. */
  readonly answer: string;
  /** What reads the requests that are rendered, where that is another path of the wire. */
  readonly upstream?: Pick<Codec, 'parse'>;
  /** Parts of a usage that its answers tell, beside when they were made; left out where some of that has no place. */
  readonly counts?: readonly (keyof Usage)[];
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

/** Sends `bytes` through a tap in pieces that end at `cuts`. */
function tapped(codec: Codec, bytes: Buffer, cuts: readonly number[], options: TapOptions) {
  const tap = codec.tap(options);
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const out = points.map((point, i) => {
    const next = points[i + 1];
    return next === undefined ? tap.end() : tap.push(bytes.subarray(point, next));
  });
  return { bytes: Buffer.concat(out.filter((part) => part !== undefined)), seen: tap.seen };
}

/** What every dialect's codec must hold. */
export function codecConformance(codec: Codec, samples: CodecSamples): void {
  const { request: body, parsed: request, answer, upstream = codec, counts } = samples;
  const encoded = async (events: readonly ChatEvent[]) => Buffer.concat(await collect(codec.encode(from(events))));
  const decoded = (bytes: Uint8Array, stream = true) => collect(codec.decode(from([bytes]), stream));

  describe(`${codec.dialect} codec`, () => {
    it('decodes what it encodes, one byte at a time as well', async () => {
      const bytes = await encoded(EVENTS);
      const events = await decoded(bytes);
      expect(told(events)).toEqual(told(EVENTS));
      expect(events).toContainEqual(expect.objectContaining({ type: 'response-metadata', model: 'm' }));
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(await collect(codec.decode(from(single), true))).toEqual(events);
    });

    it('says the same in one piece', () => {
      const events = codec.readWhole(codec.writeWhole(EVENTS, BARE));
      expect(told(events)).toEqual(told(EVENTS));
      expect(told(codec.readWhole(Buffer.from(answer)))).toEqual([
        { type: 'text-delta', delta: 'hi' },
        { type: 'finish', finishReason: 'stop' },
        { type: 'usage', usage: { input: 3, output: 2 } },
      ]);
    });

    it.skipIf(counts === undefined)('tells when an answer was made and what its tokens were', async () => {
      const final = EVENTS.findLast(({ type }) => type === 'usage');
      const told = final?.type === 'usage' ? final.usage : undefined;
      const usage = Object.fromEntries((counts ?? []).map((name) => [name, told?.[name]]));
      for (const events of [await decoded(await encoded(EVENTS)), codec.readWhole(codec.writeWhole(EVENTS, BARE))]) {
        expect(events.find(({ type }) => type === 'response-metadata')).toMatchObject({ createdAt: 7 });
        expect(events.findLast(({ type }) => type === 'usage')).toEqual({ type: 'usage', usage });
      }
    });

    it('goes on with an answer whose beginning was sent, wherever that ended', async () => {
      const texts = EVENTS.flatMap((event): ChatEvent[] => {
        if (event.type === 'finish') return [{ ...event, finishReason: 'stop' }];
        return event.type === 'tool-call-delta' ? [] : [event];
      });
      for (let at = 1; at <= 4; at++) {
        const first = codec.writer(BARE);
        const begun = texts.slice(0, at).map((event) => first.write(event));
        const second = codec.writer({ ...BARE, id: 'y2', model: 'other', resume: first.position });
        const rest = texts.slice(at).map((event) => second.write(event));
        const bytes = Buffer.concat([...begun, ...rest, second.end()].filter((part) => part !== undefined));
        const events = await decoded(bytes);
        expect(told(events)).toEqual(told(texts));
        expect(events.filter(({ type }) => type === 'response-metadata')).toEqual([
          expect.objectContaining({ model: at === 1 ? expect.any(String) : 'm' }),
        ]);
        expect(second.position.said).toBe('Hello ✓');
      }
      // What passes through is known as well as what was written.
      const whole = await encoded(texts);
      for (let end = 1; end < whole.length; end++) {
        const tap = codec.tap({ strip: false });
        const passed = tap.push(whole.subarray(0, end)) ?? Buffer.alloc(0);
        const { said } = tap.position;
        if (said === '' || tap.seen.finishReason !== undefined) continue;
        const second = codec.writer({ ...BARE, resume: tap.position });
        const rest = [
          second.write({ type: 'text-delta', delta: '!' }),
          second.write({ type: 'finish', finishReason: 'stop' }),
          second.end(),
        ];
        const bytes = Buffer.concat([passed, ...rest.filter((part) => part !== undefined)]);
        expect(told(await decoded(bytes)).filter(({ type }) => type === 'text-delta')).toEqual([
          { type: 'text-delta', delta: `${said}!` },
        ]);
      }
    });

    it('says a request again as it was', () => {
      const { body: bytes, lost } = codec.render(request);
      expect(lost).toEqual([]);
      expect(upstream.parse(parsed(bytes))).toEqual(request);
    });

    it('listens in on a stream without changing a byte, wherever it is cut', async () => {
      const bytes = await encoded(EVENTS);
      fc.assert(
        fc.property(fc.array(fc.nat()), (cuts) => {
          const passed = tapped(codec, bytes, cuts, { strip: false });
          expect(passed.bytes.equals(bytes)).toBe(true);
          expect(passed.seen).toMatchObject({
            text: expect.stringContaining('Hello ✓'),
            chars: passed.seen.text.length,
            finishReason: 'tool-calls',
            usage: expect.objectContaining({ input: 10, output: 5 }),
            done: true,
            malformed: 0,
          });
          expect(passed.seen.text).toContain('{"x":1}');
        }),
      );
    });

    it('counts all of a long answer and keeps its beginning', async () => {
      const delta = 'ten chars.'.repeat(1000);
      const deltas = Array.from({ length: 40 }, (): ChatEvent => ({ type: 'text-delta', delta }));
      const { seen } = tapped(codec, await encoded(deltas), [], { strip: false });
      expect(seen.chars).toBe(400_000);
      expect(seen.text).toBe(delta.repeat(40).slice(0, MAX_SEEN_CHARS));
    });

    it('takes nothing but the usage out, and puts routing in before the end, once', async () => {
      const bytes = await encoded(EVENTS);
      const rest = EVENTS.filter((event) => event.type !== 'usage');
      fc.assert(
        fc.property(fc.array(fc.nat()), (cuts) => {
          let times = 0;
          const trailer: TapOptions['trailer'] = (seen) => {
            times++;
            expect(seen.usage?.output).toBe(5);
            return { costUsd: 1 };
          };
          const passed = tapped(codec, bytes, cuts, { strip: true, trailer });
          expect(times).toBe(1);
          expect(passed.bytes.toString()).toContain('"routing":{"costUsd":1}');
        }),
      );
      const { bytes: passed } = tapped(codec, bytes, [], {
        strip: true,
        trailer: () => ({}),
      });
      const events = await decoded(passed);
      expect(told(events.filter(({ type }) => type !== 'usage'))).toEqual(told(rest));
    });

    it('ends a stream that broke in an error which a client cannot take for the end', async () => {
      const writer = codec.writer(BARE);
      const cut = EVENTS.slice(0, 4).flatMap((event) => writer.write(event) ?? []);
      const tap = codec.tap({ strip: false, trailer: () => expect.fail('the answer is not complete') });
      tap.push(Buffer.concat(cut));
      expect(tap.seen).toMatchObject({ done: false });
      expect(tap.seen.finishReason).toBeUndefined();
      const error = new SignalboxError('provider_error', 'it broke');
      for (const routing of [undefined, { costUsd: 1 }]) {
        const event = Buffer.from(codec.errorEvent(error, routing));
        expect(event.toString().includes('"routing":{"costUsd":1}')).toBe(routing !== undefined);
        expect((await decoded(event)).at(-1)).toMatchObject({ type: 'error', message: 'it broke' });
        expect((await decoded(event)).some(({ type }) => type === 'finish')).toBe(false);
        expect(tapped(codec, event, [], { strip: false }).seen).toMatchObject({
          failed: { message: 'it broke' },
          done: false,
        });
      }
    });

    it('takes a record that cannot be read for a failure, passed on or translated, until the answer is complete', async () => {
      const texts = EVENTS.filter(({ type }) => type !== 'tool-call-delta');
      const writer = codec.writer(BARE);
      const cut = Buffer.concat(texts.slice(0, 3).flatMap((event) => writer.write(event) ?? []));
      const rest = Buffer.concat(
        [...texts.slice(3).map((event) => writer.write(event)), writer.end()].filter((part) => part !== undefined),
      );
      const prefix = codec.framing.dataOf(Buffer.from('data: 1\n')) === '1' ? 'data: ' : '';
      for (const data of ['{"half":"', '[]', '"x"']) {
        const garbage = Buffer.from(`${prefix}${data}\n\n`);
        const taps = [
          codec.tap({ strip: false, trailer: () => expect.fail('the answer is not complete') }),
          createTranscoder({ from: codec, to: codec, writer: BARE }),
        ];
        for (const tap of taps) {
          const passed = tap.push(Buffer.concat([cut, garbage, rest])) ?? Buffer.alloc(0);
          expect(told(await decoded(passed)).filter(({ type }) => type === 'text-delta')).toEqual([
            { type: 'text-delta', delta: 'Hel' },
          ]);
          const { seen, position, withheld } = tap;
          expect(seen).toMatchObject({ failed: UNREADABLE, malformed: 1, done: false });
          expect([position.said, withheld]).toEqual(['Hel', undefined]);
        }
        const after = tapped(codec, Buffer.concat([cut, rest, garbage]), [], { strip: false });
        expect(after.seen.failed).toBeUndefined();
        expect(after.seen.done).toBe(true);
      }
    });

    it('reads a whole answer, and nothing from what is none', () => {
      expect(codec.seenWhole(Buffer.from(answer))).toMatchObject({
        text: 'hi',
        finishReason: 'stop',
        usage: { input: 3, output: 2 },
        malformed: 0,
      });
      for (const garbage of ['', 'not json', '{"half":']) {
        expect(codec.seenWhole(Buffer.from(garbage))).toMatchObject({ text: '', malformed: 1 });
      }
    });

    it('puts routing into a whole answer and into an error, and keeps the rest', () => {
      const error = codec.error(new SignalboxError('provider_error'));
      for (const bytes of [Buffer.from(answer), error]) {
        const routing = { costUsd: 1 };
        expect(parsed(codec.addRouting(bytes, routing))).toEqual({ ...Object(parsed(bytes)), routing });
      }
    });

    it('does not take a plain request for one that asks for usage', () => {
      expect(codec.asksForUsage(body)).toBe(false);
      expect(codec.asksForUsage(null)).toBe(false);
    });

    it('views and parses without changing the body', () => {
      const before = JSON.stringify(body);
      expect(codec.parse(body)).toEqual(request);
      const view = codec.view(body);
      expect(JSON.stringify(body)).toBe(before);
      expect(view).toMatchObject({
        stream: request.stream,
        maxOutput: request.maxOutputTokens,
        toolCount: request.tools?.length ?? 0,
        json: request.responseFormat !== undefined,
        messages: request.messages.map(({ role }) => ({ role })),
      });
      for (const [i, { content }] of request.messages.entries()) {
        const said = content.flatMap((part) =>
          part.type === 'text' ? [part.text] : part.type === 'tool-result' ? [part.output] : [],
        );
        for (const words of said) expect(view.messages[i]?.text).toContain(words);
        expect(view.messages[i]?.images).toBe(content.filter(({ type }) => type === 'file').length);
      }
    });

    it('refuses what is not a request with the path of the fault', () => {
      for (const bad of [
        null,
        1,
        'x',
        [],
        {},
        { messages: 'x' },
        { messages: [] },
        { messages: [1] },
        { messages: [{ role: 'robot' }] },
      ]) {
        expect(() => codec.view(bad)).toThrowError(expect.objectContaining({ code: 'invalid_request' }));
      }
    });

    it.each(Object.keys(ERRORS) as ErrorCode[])(
      'renders %s, whole and in a stream, and reads it again',
      async (code) => {
        for (const message of [ERRORS[code].message, 'no "such" model\n✓']) {
          const error = new SignalboxError(code, message, { param: 'model' });
          expect(JSON.stringify(parsed(codec.error(error)))).toContain(
            message === ERRORS[code].message ? message : 'such',
          );
          const event = [expect.objectContaining({ type: 'error', message })];
          expect(await decoded(codec.error(error), false)).toEqual(event);
          expect(await decoded(codec.errorEvent(error))).toEqual(event);
          expect(codec.seenWhole(codec.error(error)).failed?.message).toBe(message);
        }
      },
    );
  });
}
