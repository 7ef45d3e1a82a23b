import { addRouting } from './add-routing.ts';
import type { EventReader } from './codec.ts';
import type { Framing } from './framing.ts';
import { redactBytes } from './redact-bytes.ts';
import { foldSeen } from './seen.ts';
import type { Position, Tap, TapOptions } from './tap.ts';

/** What a tap needs of a dialect. */
export interface TappedDialect {
  readonly framing: Framing;
  readonly reader: () => EventReader;
  /** The end of an answer that has its finish reason, where the provider left it out; nothing for dialects that say both at once. */
  readonly ending?: (position: Position) => Uint8Array;
}

/** Lets a stream of one dialect pass and reads it: every byte stays but for the routing in its last event. */
export function createPassingTap({ framing, reader: begin, ending }: TappedDialect, options: TapOptions): Tap {
  const splitter = framing.splitter();
  const reader = begin();
  const fold = foldSeen();
  let records = 0;
  let trailed = false;
  let withheld: Uint8Array | undefined;

  /** `record` with routing in it; the answer is complete. */
  const last = (record: Uint8Array): Uint8Array => {
    if (trailed) return record;
    trailed = true;
    for (const event of reader.end()) fold.add(event);
    fold.count(records, reader.malformed, reader.done);
    const routing = options.trailer?.(fold.seen);
    return routing === undefined ? record : addRouting(record, routing);
  };
  /** What of a record goes on. */
  const pass = (record: Uint8Array): Uint8Array | undefined => {
    // Whatever follows an error or the end is not the answer's.
    if (fold.seen.failed !== undefined || fold.seen.done) return undefined;
    const data = framing.dataOf(record);
    if (data === undefined) return record;
    // A client's parser would fail on it.
    if (data === '') return undefined;
    records++;
    const before = reader.malformed;
    for (const event of reader.read(data)) fold.add(event);
    if (fold.seen.failed !== undefined) {
      withheld = options.redact === undefined ? record : redactBytes(record, options.redact);
      return undefined;
    }
    fold.count(records, reader.malformed, reader.done);
    if (reader.malformed > before || fold.seen.failed !== undefined) return undefined;
    return reader.done ? last(record) : record;
  };

  return {
    seen: fold.seen,
    get position() {
      return reader.position;
    },
    get withheld() {
      return withheld;
    },
    push(chunk) {
      const records = splitter.push(chunk);
      const [only] = records;
      if (records.length === 1 && only !== undefined) return pass(only);
      const out = records.map(pass).filter((record) => record !== undefined);
      return out.length > 1 ? Buffer.concat(out) : out[0];
    },
    end() {
      const rest = splitter.rest();
      const out = rest === undefined ? undefined : pass(framing.terminated(rest));
      if (reader.done || fold.seen.finishReason === undefined) return out;
      const end = ending?.(reader.position);
      const closed = end === undefined ? out : last(end);
      if (end === undefined) last(Buffer.alloc(0));
      return out === undefined || closed === undefined || closed === out ? closed : Buffer.concat([out, closed]);
    },
  };
}
