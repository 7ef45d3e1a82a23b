import type { Clock } from '../clock.ts';
import { createCells } from './cells.ts';
import { createCounters } from './counters.ts';
import type { State } from './state.ts';
import { createTopics } from './topics.ts';

/** State of one process. Nothing survives it. */
export function createMemoryState(clock: Clock): State {
  const counters = createCounters(clock);
  const cells = createCells(clock);
  const topics = createTopics();
  return {
    take: async (key, n, limit) => counters.take(key, n, limit),
    cell: cells.cell,
    names: cells.names,
    load: () => undefined,
    watch: () => {},
    publish: topics.publish,
    subscribe: topics.subscribe,
    trouble: () => null,
    async close() {
      topics.close();
    },
  };
}
