import type { Link } from './redis-link.ts';
import { createTopics } from './topics.ts';

/** Between two batches of a topic's messages, milliseconds. */
const PUBLISH_MS = 20;

/** What is needed of the way to the other processes. */
export interface TopicWay {
  readonly link: () => Link;
  readonly channelOf: (topic: string) => string;
  readonly parcel: (items: readonly unknown[]) => string;
}

/** Topics that reach the readers of all processes. Those of this one hear of a message at once, and never of its echo. */
export function createRedisTopics({ link, channelOf, parcel }: TopicWay) {
  const topics = createTopics();
  const readers = new Map<string, number>();
  const outgoing = new Map<string, unknown[]>();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    timer = undefined;
    for (const [channel, messages] of outgoing) link().publish(channel, parcel(messages));
    outgoing.clear();
  };
  const count = (channel: string, by: 1 | -1): number => {
    const now = (readers.get(channel) ?? 0) + by;
    if (now === 0) readers.delete(channel);
    else readers.set(channel, now);
    return now;
  };

  return {
    publish(topic: string, message: unknown): void {
      const channel = channelOf(topic);
      topics.publish(channel, message);
      if (link().trouble !== null) return;
      const messages = outgoing.get(channel) ?? [];
      messages.push(message);
      outgoing.set(channel, messages);
      timer ??= setTimeout(flush, PUBLISH_MS);
    },
    subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown> {
      const channel = channelOf(topic);
      if (!signal.aborted) {
        if (count(channel, 1) === 1) link().listen(channel);
        const stop = () => {
          if (count(channel, -1) === 0) link().ignore(channel);
        };
        signal.addEventListener('abort', stop, { once: true });
      }
      return topics.subscribe(channel, signal);
    },
    /** Another process published these. */
    receive(channel: string, messages: readonly unknown[]): void {
      for (const message of messages) topics.publish(channel, message);
    },
    flush,
    close(): void {
      clearTimeout(timer);
      topics.close();
    },
  };
}
