import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../errors.ts';
import { openaiChat } from './codec.ts';
import type { TapOptions } from '../tap.ts';
import { openaiRoutingEvent } from './tap.ts';

const { addRouting, errorEvent, seenWhole, tap: createTap } = openaiChat;

const SEEN = { text: '', chars: 0, done: false, events: 0, malformed: 0 };
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 5, model: 'up', choices: [{ index: 0, delta, finish_reason: finish }], usage: null })}\n\n`;
const usage = `data: ${JSON.stringify({ id: 'c1', choices: [], usage: { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 6 } } })}\n\n`;
const parts = [
  ': hello\n\n',
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Grüße ' }),
  chunk({ content: 'dich' }),
  chunk({}, 'stop'),
];
const whole = [...parts, usage, 'data: [DONE]\n\n'].join('');

function run(stream: string, cuts: readonly number[], options: TapOptions) {
  const bytes = Buffer.from(stream);
  const tap = createTap(options);
  const out: Uint8Array[] = [];
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [i, point] of points.entries()) {
    const next = points[i + 1];
    const passed = next === undefined ? tap.end() : tap.push(bytes.subarray(point, next));
    if (passed !== undefined) out.push(passed);
  }
  return {
    text: Buffer.concat(out).toString(),
    seen: tap.seen,
    withheld: tap.withheld === undefined ? undefined : Buffer.from(tap.withheld).toString(),
  };
}

describe('the tap', () => {
  it('passes every byte and reads usage, finish reason and text, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const { text, seen } = run(whole, cuts, { strip: false });
        expect(text).toBe(whole);
        expect(seen).toMatchObject({
          id: 'c1',
          model: 'up',
          text: 'Grüße dich',
          finishReason: 'stop',
          done: true,
          usage: { input: 10, output: 4, cacheRead: 6 },
        });
      }),
    );
  });

  it('drops only the usage chunk that we asked for, and puts the trailer before [DONE]', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        let calls = 0;
        const { text } = run(whole, cuts, {
          strip: true,
          trailer(seen) {
            calls++;
            expect(seen.usage?.output).toBe(4);
            return { costUsd: 1 };
          },
        });
        const extra = Buffer.from(
          openaiRoutingEvent({ ...SEEN, id: 'c1', model: 'up', created: 5 }, { costUsd: 1 }),
        ).toString();
        expect(text).toBe([...parts, extra, 'data: [DONE]\n\n'].join(''));
        expect(calls).toBe(1);
      }),
    );
  });

  it('gives the trailer and the end when [DONE] is missing, but not when the answer was cut', () => {
    let calls = 0;
    const trailer = () => void calls++;
    const { text } = run(parts.join(''), [], { strip: true, trailer });
    expect(text).toBe([...parts, 'data: [DONE]\n\n'].join(''));
    expect(calls).toBe(1);
    run(parts.slice(0, 3).join(''), [], { strip: true, trailer });
    expect(calls).toBe(1);
  });

  it('counts tool calls as the finish reason and collects their arguments', () => {
    const stream =
      chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: '{"a"' } }] }) +
      chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }) +
      chunk({}, 'stop');
    expect(run(stream, [], { strip: true }).seen).toMatchObject({ finishReason: 'tool-calls', text: 'f{"a":1}' });
  });

  it('withholds an error event, and what follows it', () => {
    const error = 'data: {"error":{"message":"overloaded"}}\n\n';
    const { text, seen, withheld } = run(`${chunk({ content: 'x' })}${error}${chunk({ content: 'y' })}`, [], {
      strip: true,
    });
    expect(text).toBe(chunk({ content: 'x' }));
    expect(withheld).toBe(error);
    expect(seen).toMatchObject({ failed: { message: 'overloaded', status: 500 }, text: 'x' });
  });

  it.each(['{"broken', '"text"', '[]'])('takes %s for a fault, unless the answer was whole by then', (data) => {
    const { text, seen } = run(`${chunk({ content: 'x' })}data: ${data}\n\n${chunk({ content: 'y' })}`, [], {
      strip: true,
    });
    expect(text).toBe(chunk({ content: 'x' }));
    expect(seen).toMatchObject({ malformed: 1, failed: { message: 'an event of the stream cannot be read' } });
    const late = run(`${parts.join('')}data: ${data}\n\ndata: [DONE]\n\n`, [], { strip: true });
    expect(late.text).toBe(`${parts.join('')}data: [DONE]\n\n`);
    expect(late.seen).toMatchObject({ malformed: 1, done: true });
  });

  it('drops data that are empty', () => {
    expect(run(`data:\n\n${whole}`, [], { strip: false })).toMatchObject({ text: whole, seen: { malformed: 0 } });
  });
});

describe('several answers at once', () => {
  const of = (index: number, delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c1', choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
  const first = of(0, { content: 'one' }) + of(0, {}, 'stop');
  const second = of(1, { content: 'two' }) + of(1, {}, 'length');

  it('end when all that were asked for have ended, and cannot be gone on with', () => {
    const tap = createTap({ strip: true, answers: 2 });
    tap.push(Buffer.from(first));
    expect(tap.seen.finishReason).toBeUndefined();
    expect(tap.position.said).toBeUndefined();
    tap.push(Buffer.from(second));
    expect(tap.seen).toMatchObject({ finishReason: 'length', text: 'onetwo' });
  });

  it('end with the stream’s own end where a host gives fewer', () => {
    expect(run(`${first}data: [DONE]\n\n`, [], { strip: true, answers: 2 }).seen).toMatchObject({
      finishReason: 'stop',
      done: true,
    });
  });

  it('have not ended when one begins that nobody asked for', () => {
    const tap = createTap({ strip: true });
    tap.push(Buffer.from(first + of(1, { content: 'tw' })));
    expect(tap.seen.finishReason).toBeUndefined();
  });

  it('are one to whoever translates: the first, whatever stands between its pieces', async () => {
    async function* bytes() {
      yield Buffer.from(of(1, { content: 'two' }) + of(0, { content: 'o' }) + of(1, {}, 'length'));
      yield Buffer.from(`${of(0, { content: 'ne' })}${of(0, {}, 'stop')}data: [DONE]\n\n`);
    }
    const events = [];
    for await (const { type, ...rest } of openaiChat.decode(bytes(), true)) events.push([type, ...Object.values(rest)]);
    expect(events).toEqual([
      ['response-metadata', 'c1'],
      ['text-delta', 'o'],
      ['text-delta', 'ne'],
      ['finish', 'stop'],
    ]);
  });
});

it('takes an end without a finish reason for none', () => {
  const cut = parts.slice(0, 3).join('');
  const trailer = () => expect.fail('the answer is not complete');
  const { text, seen } = run(`${cut}data: [DONE]\n\n`, [], { strip: true, trailer });
  expect(text).toBe(cut);
  expect(seen).toMatchObject({ done: false, failed: { message: 'the answer ended without a finish reason' } });
});

it('hears a refusal', () => {
  expect(run(chunk({ refusal: 'I must not.' }), [], { strip: true }).seen.text).toBe('I must not.');
});

describe('whole answers', () => {
  const body = Buffer.from(
    '{"id":"c","model":"up","choices":[{"message":{"content":"hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":-1}} ',
  );
  it('are read for usage, ignoring nonsense counts', () => {
    expect(seenWhole(body)).toMatchObject({ text: 'hi', finishReason: 'length', usage: { input: 3, output: 0 } });
    expect(seenWhole(Buffer.from('not json'))).toMatchObject({ malformed: 1, text: '' });
  });

  it('get routing before the closing brace and keep every other byte', () => {
    const out = Buffer.from(addRouting(body, { a: 1 })).toString();
    expect(out).toBe(`${body.toString().slice(0, -2)},"routing":{"a":1}} `);
    expect(Buffer.from(addRouting(Buffer.from('{}'), 1)).toString()).toBe('{"routing":1}');
  });
});

it('renders routing and errors as events', () => {
  const { seen } = run(whole, [], { strip: true });
  expect(Buffer.from(openaiRoutingEvent(seen, { costUsd: 1 })).toString()).toContain(
    '"choices":[],"routing":{"costUsd":1}',
  );
  expect(Buffer.from(errorEvent(new SignalboxError('provider_error', 'cut'))).toString()).toBe(
    'data: {"error":{"message":"cut","type":"api_error","param":null,"code":"provider_error"}}\n\n',
  );
});
