import { describe, expect, it } from 'vitest';
import { openaiChat } from '../protocol/openai-chat/codec.ts';
import { firstEvents } from './first-event.ts';
import { UpstreamFailure } from './provider.ts';

/** A stream in pieces that tells how many were read and whether it was ended. */
function streamOf(pieces: Iterable<string | Uint8Array>) {
  const seen = { read: 0, ended: false };
  const body = {
    async *[Symbol.asyncIterator]() {
      try {
        for (const piece of pieces) {
          seen.read++;
          yield Buffer.from(piece);
        }
      } finally {
        seen.ended = true;
      }
    },
  };
  return { body, seen };
}

const opened = async (pieces: Iterable<string | Uint8Array>) => {
  const { first, rest } = await firstEvents(streamOf(pieces).body, openaiChat);
  const all = [...first];
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) all.push(step.value);
  return { first: Buffer.concat(first).toString(), all: Buffer.concat(all).toString() };
};

const failureOf = async (pieces: Iterable<string | Uint8Array>): Promise<UpstreamFailure> => {
  const { body, seen } = streamOf(pieces);
  const error: unknown = await firstEvents(body, openaiChat).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(seen.ended).toBe(true);
  if (!(error instanceof UpstreamFailure)) throw new Error(`expected a failure, got ${String(error)}`);
  return error;
};

/** Both parts of a text, cut at every byte. */
function cuts(text: string): Buffer[][] {
  const bytes = Buffer.from(text);
  return Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

describe('the first event of a stream', () => {
  it('is there when its last byte is, wherever it was split', async () => {
    const parts = [': a comment\n\nda', 'ta: {}\n', '\n'];
    const { body, seen } = streamOf([...parts, 'data: too far\n\n']);
    expect(Buffer.concat((await firstEvents(body, openaiChat)).first).toString()).toBe(parts.join(''));
    expect(seen).toEqual({ read: 3, ended: false });
  });

  it('loses no byte of what came with it', async () => {
    const text = ': hello\r\n\r\nevent: x\r\ndata: {"a":"✓"}\r\n\r\ndata: {"b":1}\n\n';
    for (const pieces of cuts(text)) expect((await opened(pieces)).all).toBe(text);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('that is an error is a failure, wherever it is cut (%s)', async (_name, end) => {
    const error = `: hello${end}${end}data: {"error":{"message":"müde","code":503}}${end}${end}`;
    for (const pieces of cuts(error)) {
      const failure = await failureOf(pieces);
      expect(failure).toMatchObject({ failure: 'sick', status: 503, message: expect.stringContaining('müde') });
    }
  });

  it('that is an error may come byte by byte, over two lines, or without its blank line', async () => {
    const error = 'data: {"error":\ndata: {"message":"too much","code":429}}';
    for (const pieces of [Array.from(`${error}\n\n`), [error], [error, '\n']]) {
      expect(await failureOf(pieces)).toMatchObject({ failure: 'busy', message: expect.stringContaining('too much') });
    }
  });

  it('is no error for speaking of one', async () => {
    const text = 'data: {"error":null,"choices":[{"delta":{"content":"\\"error\\""}}]}\n\n';
    expect((await opened([text])).all).toBe(text);
  });

  it('that cannot be read is a failure', async () => {
    for (const garbage of ['data: {"choices":[{"del\n\n', 'data: []\n\n', '<html lang="en">\n\n']) {
      expect(await failureOf([garbage, 'data: {"choices":[]}\n\n'])).toMatchObject({
        failure: 'sick',
        message: expect.stringContaining('cannot be read'),
      });
    }
  });

  it.each([
    [[]],
    [[': only\n\n', ': comments\n\n']],
    [['data:\n\n', 'data: [DONE]\n\n']],
    [['data: {"choices":[{"del']],
  ])('that never comes is a failure: %j', async (pieces) => {
    expect(await failureOf(pieces)).toMatchObject({
      failure: 'sick',
      message: 'the stream ended before its first event',
    });
  });

  it.each([
    ['comments', ': waiting\n\n'],
    ['a comment without end', ': waiting '],
  ])('is waited for at most 1 MB of %s', async (_name, piece) => {
    function* endless() {
      for (let i = 0; i < 4000; i++) yield piece.repeat(100);
    }
    const { body, seen } = streamOf(endless());
    await expect(firstEvents(body, openaiChat)).rejects.toMatchObject({
      failure: 'sick',
      message: 'no event within the first 1048576 bytes of the stream',
    });
    expect(seen.ended).toBe(true);
    expect(seen.read * piece.length * 100).toBeLessThan(1024 * 1024 + 2 * piece.length * 100);
  });

  it('comes after any number of small comments without reading them again', async () => {
    // Reading all of them again for each one would take 60 GB and run into the test's time limit.
    const comments = Array.from({ length: 120_000 }, () => ': on\n\n\n');
    const last = 'data: {}\n\n';
    expect((await opened([...comments, last])).first).toBe(comments.join('') + last);
  });

  it('may be larger than that: it is passed on while it comes', async () => {
    const large = `data: {"image":"${'A'.repeat(3 * 1024 * 1024)}"}\n\n`;
    const pieces = Array.from({ length: Math.ceil(large.length / 65_536) }, (_, i) =>
      large.slice(i * 65_536, (i + 1) * 65_536),
    );
    const { first, all } = await opened(pieces);
    expect(all).toBe(large);
    expect(first.length).toBeLessThan(large.length);
  });
});
