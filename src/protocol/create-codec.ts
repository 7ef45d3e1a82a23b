import { addRouting } from './add-routing.ts';
import type { ChatEvent } from './chat.ts';
import type { Codec, EncoderOptions } from './codec.ts';
import type { JsonObject } from './guards.ts';
import { createPassingTap, type TappedDialect } from './passing-tap.ts';
import { seenOf } from './seen.ts';
import { wholeEvents } from './whole-events.ts';

/** What follows from the rest of a codec, unless a dialect has a way of its own. */
type Derived = 'encode' | 'decode' | 'tap' | 'readWhole' | 'seenWhole' | 'addRouting';

export interface CodecParts extends Omit<Codec, Derived>, Partial<Pick<Codec, Derived>>, Pick<TappedDialect, 'ending'> {
  /** Events of the JSON object that a whole answer is. */
  readBody(body: JsonObject): readonly ChatEvent[];
}

/** Of an answer that nobody asked for: tests and the library. */
const BARE: EncoderOptions = { id: '', model: '', createdAt: 0, inputTokens: 0, includeUsage: true };

/** A codec from a dialect's own parts. */
export function createCodec({ ending, readBody, ...parts }: CodecParts): Codec {
  const readWhole = (bytes: Uint8Array) => wholeEvents(bytes, readBody);
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
      yield* readWhole(Buffer.concat(chunks));
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
    readWhole,
    seenWhole: (bytes) => seenOf(readWhole(bytes)),
    addRouting,
    ...parts,
  };
}
