import type { ChatEvent } from './chat.ts';
import type { Codec, EncoderOptions } from './codec.ts';
import { foldSeen } from './seen.ts';
import type { Tap, TapOptions } from './tap.ts';

export interface TranscoderOptions extends Pick<TapOptions, 'redact' | 'trailer'> {
  /** The provider's dialect. */
  readonly from: Codec;
  /** The caller's. */
  readonly to: Codec;
  readonly writer: EncoderOptions;
  /** What becomes of each event before it is written; for an answer that goes on with another. */
  readonly filter?: (event: ChatEvent) => readonly ChatEvent[];
}

/** Translates a stream from one dialect into another while it passes. */
export function createTranscoder({ from, to, writer: options, filter, redact, trailer }: TranscoderOptions): Tap {
  const splitter = from.framing.splitter();
  const reader = from.reader();
  const writer = to.writer(options);
  const fold = foldSeen();
  let records = 0;
  let ended = false;
  let withheld: Uint8Array | undefined;

  const write = (events: readonly ChatEvent[], out: Uint8Array[]): void => {
    for (const event of events) {
      if (event.type === 'error') {
        const told = redact === undefined ? event : { ...event, message: redact(event.message) };
        fold.add(told);
        withheld = writer.write(told);
        return;
      }
      if (event.type !== 'finish') fold.add(event);
      const joined = filter === undefined ? [event] : filter(event);
      // The end of an answer that cannot be joined ends nothing: the filter throws.
      if (event.type === 'finish') fold.add(event);
      for (const passed of joined) {
        const bytes = writer.write(passed);
        if (bytes !== undefined) out.push(bytes);
      }
    }
  };
  const close = (out: Uint8Array[]): void => {
    if (ended) return;
    ended = true;
    write(reader.end(), out);
    fold.count(records, reader.malformed, reader.done);
    const bytes = writer.end(trailer?.(fold.seen));
    if (bytes !== undefined) out.push(bytes);
  };
  const read = (record: Uint8Array, out: Uint8Array[]): void => {
    // Whatever follows an error is not the answer's.
    if (ended || fold.seen.failed !== undefined) return;
    const data = from.framing.dataOf(record) ?? '';
    // A comment says that the provider is alive, and so does what becomes of it.
    write(data === '' ? [{ type: 'ping' }] : reader.read(data), out);
    if (data !== '') records++;
    fold.count(records, reader.malformed, reader.done);
    if (reader.done && fold.seen.failed === undefined) close(out);
  };
  const joined = (out: readonly Uint8Array[]): Uint8Array | undefined => (out.length > 1 ? Buffer.concat(out) : out[0]);

  return {
    seen: fold.seen,
    get position() {
      return writer.position;
    },
    get withheld() {
      return withheld;
    },
    push(chunk) {
      const out: Uint8Array[] = [];
      for (const record of splitter.push(chunk)) read(record, out);
      return joined(out);
    },
    end() {
      const out: Uint8Array[] = [];
      const rest = splitter.rest();
      if (rest !== undefined) read(rest, out);
      if (fold.seen.finishReason !== undefined && fold.seen.failed === undefined) close(out);
      return joined(out);
    },
  };
}
