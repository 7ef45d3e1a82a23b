import { addRouting } from './add-routing.ts';
import type { ChatEvent } from './chat.ts';
import type { Codec, EncoderOptions } from './codec.ts';
import { createPassingTap, type TappedDialect } from './passing-tap.ts';
import { seenOf } from './seen.ts';

/** What follows from the rest of a codec, unless a dialect has a way of its own. */
type Derived = 'encode' | 'decode' | 'tap' | 'seenWhole' | 'addRouting';

export type CodecParts = Omit<Codec, Derived> & Partial<Pick<Codec, Derived>> & Pick<TappedDialect, 'ending'>;

/** Of an answer that nobody asked for: tests and the library. */
const BARE: EncoderOptions = { id: '', model: '', createdAt: 0, inputTokens: 0, includeUsage: true };

/** Whether bytes are JSON. */
export function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** A codec from a dialect's own parts. */
export function createCodec({ ending, ...parts }: CodecParts): Codec {
  const tapped: TappedDialect = {
    framing: parts.framing,
    reader: parts.reader,
    ...(ending === undefined ? {} : { ending }),
  };

  async function* encode(events: AsyncIterable<ChatEvent>): AsyncGenerator<Uint8Array> {
    const writer = parts.writer(BARE);
    for await (const event of events) {
      const bytes = writer.write(event);
      if (bytes !== undefined) yield bytes;
    }
    const end = writer.end();
    if (end !== undefined) yield end;
  }

  async function* decode(bytes: AsyncIterable<Uint8Array>, stream: boolean): AsyncGenerator<ChatEvent> {
    if (!stream) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      yield* parts.readWhole(Buffer.concat(chunks));
      return;
    }
    const splitter = parts.framing.splitter();
    const reader = parts.reader();
    const read = (record: Uint8Array) => {
      const data = parts.framing.dataOf(record);
      return data === undefined ? [] : reader.read(data);
    };
    for await (const chunk of bytes) for (const record of splitter.push(chunk)) yield* read(record);
    const rest = splitter.rest();
    if (rest !== undefined) yield* read(rest);
    yield* reader.end();
  }

  return {
    encode,
    decode,
    tap: (options) => createPassingTap(tapped, options),
    seenWhole: (body) => (isJson(body) ? seenOf(parts.readWhole(body), false) : seenOf([], true)),
    addRouting,
    ...parts,
  };
}
