import type { ChatEvent } from './chat.ts';
import type { EventReader } from './codec.ts';
import { isObject, type JsonObject } from './guards.ts';
import type { Position } from './tap.ts';

/** What a dialect's reader knows of one streamed answer. */
export interface RecordParts {
  /** Events of one record. */
  read(record: JsonObject): readonly ChatEvent[];
  /** Whether a record is none of the answer's, such as a mark that is not JSON. */
  skips?(data: string): boolean;
  isDone(): boolean;
  position(): Position;
}

/** A reader over records of JSON: what is no JSON object gives no event and is counted. */
export function createRecordReader({ read, skips, isDone, position }: RecordParts): EventReader {
  let malformed = 0;
  return {
    read(data) {
      if (skips?.(data) === true) return [];
      let record: unknown;
      try {
        record = JSON.parse(data);
      } catch {
        malformed++;
        return [];
      }
      if (isObject(record)) return read(record);
      malformed++;
      return [];
    },
    end: () => [],
    get done() {
      return isDone();
    },
    get malformed() {
      return malformed;
    },
    get position() {
      return position();
    },
  };
}
