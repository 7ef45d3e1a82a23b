import type { Clock } from '../clock.ts';
import { createCounters } from './counters.ts';
import { granted, refused } from './lease.ts';
import type { PrimaryMessage, SentLimit } from './messages.ts';
import { batched, type Port } from './port.ts';
import { createReplica, type Entry } from './replica.ts';
import { shareOf } from './share.ts';
import type { Lease, Limit, Quota, State } from './state.ts';
import { createWorkerTopics } from './worker-topics.ts';

/** A question to the primary. */
interface Open<Answer> {
  readonly answer: (given: Answer) => void;
  /** The primary is gone. */
  readonly fail: () => void;
}

type Told = Extract<PrimaryMessage, { say: 'lease' }>;

function sentLimit(limit: Limit): SentLimit {
  if (!('until' in limit)) return limit;
  const { used, ...quota } = limit;
  return { ...quota, asks: used !== undefined };
}

/**
 * State of one of several workers: its primary counts, and passes on what others write and say.
 * @param workers How many there are: each grants its share when the primary is gone.
 */
export function createWorkerState(port: Port, workers: number, clock: Clock): State {
  const tell = batched(port);
  const alone = createCounters(clock);
  const topics = createWorkerTopics((message) => {
    if (!gone) tell(message);
  });
  const takes = new Map<number, Open<Told> & { readonly used: Quota['used'] }>();
  const loads = new Map<number, Open<readonly Entry[]>>();
  let last = 0;
  let gone = false;

  const replica = createReplica(clock, {
    send(entries) {
      if (!gone) tell({ say: 'write', entries });
      return !gone;
    },
    fetch: (keys) =>
      new Promise((answer, reject) => {
        const fail = () => reject(new Error('the primary process is gone'));
        if (gone) return fail();
        const id = ++last;
        loads.set(id, { answer, fail });
        tell({ say: 'load', id, keys });
      }),
  });

  const sayUsed = async (id: number): Promise<void> => {
    const used = await takes
      .get(id)
      ?.used?.()
      .catch(() => null);
    tell({ say: 'used', id, used: used ?? null });
  };
  const hear = (message: PrimaryMessage): void => {
    switch (message.say) {
      case 'lease':
        takes.get(message.id)?.answer(message);
        takes.delete(message.id);
        return;
      case 'asks':
        void sayUsed(message.id);
        return;
      case 'cells':
        return replica.receive(message.entries, message.own);
      case 'loaded':
        loads.get(message.id)?.answer(message.entries);
        loads.delete(message.id);
        return;
      case 'message':
        return topics.receive(message.topic, message.message);
      case 'wanted':
        topics.want(message.topics);
    }
  };
  // Both ends are this program.
  port.receive((messages) => {
    for (const message of messages as readonly PrimaryMessage[]) hear(message);
  });
  port.closed(() => {
    gone = true;
    for (const open of [...takes.values(), ...loads.values()]) open.fail();
    takes.clear();
    loads.clear();
  });

  const leaseOf = ({ id, ...told }: Told): Lease =>
    told.granted
      ? granted(told.used, (unused) => tell({ say: 'release', id, unused }))
      : refused(told.retryAfter, told.used);

  return {
    async take(key, n, limit) {
      const takeAlone = () => alone.take(key, n, shareOf(limit, n, workers));
      if (gone) return takeAlone();
      return new Promise<Lease>((resolve) => {
        const id = ++last;
        const used = 'until' in limit ? limit.used : undefined;
        takes.set(id, { used, answer: (told) => resolve(leaseOf(told)), fail: () => resolve(takeAlone()) });
        tell({ say: 'take', id, key, n, limit: sentLimit(limit) });
      });
    },
    cell: replica.cell,
    names: replica.names,
    load: replica.load,
    watch: replica.watch,
    publish: topics.publish,
    subscribe: topics.subscribe,
    trouble: () => (gone ? 'the primary process is gone' : null),
    async close() {
      replica.close();
      topics.close();
    },
  };
}
