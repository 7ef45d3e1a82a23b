import type { WorkerMessage } from './messages.ts';
import { createTopics } from './topics.ts';

/** Topics of a worker: its own readers hear at once, and only what somebody reads elsewhere is told. */
export function createWorkerTopics(tell: (message: WorkerMessage) => void) {
  const topics = createTopics();
  const readers = new Map<string, number>();
  let wanted: ReadonlySet<string> = new Set();

  const count = (topic: string, by: 1 | -1): void => {
    const before = readers.get(topic) ?? 0;
    readers.set(topic, before + by);
    if (before === 0 || before + by === 0) tell({ say: 'read', topic, on: by === 1 });
  };

  return {
    publish(topic: string, message: unknown): void {
      topics.publish(topic, message);
      if (wanted.has(topic)) tell({ say: 'publish', topic, message });
    },
    subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown> {
      if (!signal.aborted) {
        count(topic, 1);
        signal.addEventListener('abort', () => count(topic, -1), { once: true });
      }
      return topics.subscribe(topic, signal);
    },
    /** Another worker said this. */
    receive: topics.publish,
    /** The topics that other workers read. */
    want(read: readonly string[]): void {
      wanted = new Set(read);
    },
    close: topics.close,
  };
}
