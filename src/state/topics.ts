/** Messages that wait for a slow reader; the oldest are dropped beyond it. */
const MAX_WAITING = 1000;

interface Reader {
  readonly waiting: unknown[];
  wake: () => void;
  ended: boolean;
}

/** Publish and subscribe inside one process. */
export function createTopics() {
  const readers = new Map<string, Set<Reader>>();

  async function* read(reader: Reader, done: () => void): AsyncGenerator {
    try {
      for (;;) {
        while (reader.waiting.length > 0) yield reader.waiting.shift();
        if (reader.ended) return;
        await new Promise<void>((resolve) => (reader.wake = resolve));
      }
    } finally {
      done();
    }
  }

  const end = (reader: Reader): void => {
    reader.ended = true;
    reader.wake();
  };

  return {
    publish(topic: string, message: unknown): void {
      for (const reader of readers.get(topic) ?? []) {
        reader.waiting.push(message);
        if (reader.waiting.length > MAX_WAITING) reader.waiting.shift();
        reader.wake();
      }
    },
    /** The reader is there from the call on, before it is first asked for a message. */
    subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown> {
      const reader: Reader = { waiting: [], wake: () => {}, ended: signal.aborted };
      const known = readers.get(topic) ?? new Set();
      readers.set(topic, known.add(reader));
      const stop = () => {
        // No more messages are kept for it, even if it never reads on.
        known.delete(reader);
        end(reader);
      };
      signal.addEventListener('abort', stop, { once: true });
      return read(reader, () => {
        signal.removeEventListener('abort', stop);
        known.delete(reader);
        // By now the topic may have readers in a newer set.
        if (known.size === 0 && readers.get(topic) === known) readers.delete(topic);
      });
    },
    close(): void {
      for (const reader of [...readers.values()].flatMap((set) => [...set])) end(reader);
    },
  };
}
