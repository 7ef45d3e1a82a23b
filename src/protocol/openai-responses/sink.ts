/** Collects the events of a stream, each with its number. */
export interface Sink {
  event(type: string, fields: object): void;
  /** An event that tells a piece; `place` and `tail` are JSON without braces. */
  piece(type: string, place: string, delta: string, tail: string): void;
  /** What was collected since the last time. */
  take(): Uint8Array | undefined;
  /** The number of the next event. */
  readonly sequence: number;
}

export function createSink(first: number): Sink {
  let sequence = first;
  let out = '';
  return {
    event(type, fields) {
      out += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
    },
    piece(type, place, delta, tail) {
      out += `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence++},${place},"delta":${JSON.stringify(delta)}${tail}}\n\n`;
    },
    take() {
      if (out === '') return undefined;
      const bytes = Buffer.from(out);
      out = '';
      return bytes;
    },
    get sequence() {
      return sequence;
    },
  };
}

/** For answers in one piece. */
export const NO_SINK: Sink = { event() {}, piece() {}, take: () => undefined, sequence: 0 };
