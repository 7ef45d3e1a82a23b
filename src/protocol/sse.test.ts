import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventSplitter, dataOf } from './sse.ts';

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

function split(stream: Buffer, cuts: readonly number[]): string[] {
  const splitter = createEventSplitter();
  const events: string[] = [];
  const points = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  for (const [i, point] of points.entries()) {
    const next = points[i + 1];
    if (next !== undefined)
      events.push(...splitter.push(stream.subarray(point, next)).map((event) => Buffer.from(event).toString()));
  }
  const rest = text(splitter.rest());
  return rest === undefined ? events : [...events, rest];
}

describe('createEventSplitter', () => {
  it('gives the same events and loses no byte, wherever the stream is cut', () => {
    const event = fc
      .tuple(
        fc.constantFrom('data: ', 'data:', ': ', 'event: x\ndata: '),
        fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll(/[\r\n]/g, ' ')),
        fc.constantFrom('\n\n', '\r\n\r\n', '\r\r'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat()), (events, cuts) => {
        expect(split(Buffer.from(events.join('')), cuts)).toEqual(events);
      }),
    );
  });

  it('splits at CR alone, and keeps an incomplete event', () => {
    const splitter = createEventSplitter();
    expect(splitter.push(Buffer.from('data: a\r\rdata: b')).map(text)).toEqual(['data: a\r\r']);
    expect(text(splitter.rest())).toBe('data: b');
  });

  it('gives one large event in many pieces whole, without reading it again for each of them', () => {
    const event = Buffer.from(`data: ${'x'.repeat(4 * 1024 * 1024)}\n\n`);
    const splitter = createEventSplitter();
    const events: Uint8Array[] = [];
    // Copying what is there for each piece would move 130 GB and run into the test's time limit.
    for (let at = 0; at < event.length; at += 64) events.push(...splitter.push(event.subarray(at, at + 64)));
    expect(events).toHaveLength(1);
    expect(event.equals(events[0] ?? event.subarray(1))).toBe(true);
    expect(splitter.rest()).toBeUndefined();
  });

  it('gives the caller’s own memory back where events come whole', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n');
    const events = createEventSplitter().push(chunk);
    expect(events.map(({ buffer, byteOffset }) => [buffer === chunk.buffer, byteOffset - chunk.byteOffset])).toEqual([
      [true, 0],
      [true, 9],
    ]);
  });

  it('writes into no memory but its own', () => {
    const stream = Buffer.from('data: a\n\ndata: b\n\ndata: c\n\n');
    const before = stream.toString();
    const splitter = createEventSplitter();
    const events = [stream.subarray(0, 12), stream.subarray(12, 21), stream.subarray(21)].flatMap((chunk) =>
      splitter.push(chunk),
    );
    expect(events.map(text)).toEqual(['data: a\n\n', 'data: b\n\n', 'data: c\n\n']);
    expect(stream.toString()).toBe(before);
  });

  it('refuses an event without end', () => {
    const splitter = createEventSplitter();
    const piece = Buffer.alloc(1024 * 1024, 'a');
    expect(() => {
      for (let i = 0; i < 20; i++) splitter.push(piece);
    }).toThrow(RangeError);
  });
});

describe('dataOf', () => {
  const of = (event: string) => dataOf(Buffer.from(event));
  it('joins the data lines and ignores comments and other fields', () => {
    expect(of('data: {"a":1}\n\n')).toBe('{"a":1}');
    expect(of('event: x\ndata: {"a":1}\n\n')).toBe('{"a":1}');
    expect(of('event: x\n\n')).toBeUndefined();
    expect(of('event: x\ndata: a\r\ndata:b\r\nid: 1\r\n\r\n')).toBe('a\nb');
    expect(of('event: x\rdata: a\ndata: b\n\n')).toBe('a\nb');
    expect(of('data: a\rdata: b\n\n')).toBe('a\nb');
    expect(of(': keep-alive\n\n')).toBeUndefined();
    expect(of('database: x\n\n')).toBeUndefined();
    expect(of('data: \r\n\r\n')).toBe('');
    expect(of('\uFEFFdata: a\n\n')).toBe('a');
  });

  it('gives all of an event whose bytes are damaged, which no parser takes for one', () => {
    for (const damaged of ['dta: {"a":"b"}\n\n', 'tent":"b"}}]}\n\n', 'event: x\r\n{"a":\r\n\r\n']) {
      expect(of(damaged)).toBe(damaged);
    }
    expect(of(': {"not":"damaged"}\n\n')).toBeUndefined();
  });
});
