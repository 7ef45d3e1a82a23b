import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { createCells } from './cells.ts';
import { createCounters } from './counters.ts';
import type { PrimaryMessage, SentLimit, WorkerMessage } from './messages.ts';
import { batched, type Port } from './port.ts';
import type { Lease, Limit } from './state.ts';
import { within } from './within.ts';

/** Leases of rates and quotas that may still be settled; the least recently taken are final beyond it. */
const MAX_LEASES = 100_000;

/** How long a worker may take to tell what was used of a quota, milliseconds: one that hangs holds up nobody else. */
const ASK_MS = 5000;

/** What the primary keeps of one worker. */
interface Member {
  readonly tell: (message: PrimaryMessage) => void;
  readonly leases: LRUCache<number, Lease>;
  /** Places that it holds: they come back when it dies. */
  readonly places: Map<number, Lease>;
  readonly reads: Set<string>;
  /** What it was asked: how much of a quota was used before. */
  readonly asked: Map<number, (used: number | null) => void>;
}

/** What workers share: their counters, the newest of every cell, and each other's messages. */
export interface Hub {
  /** Serves the worker at the other end until it is gone. */
  attach(port: Port): void;
}

/** Makes a {@link Hub}, which lives in the primary process and outlives every worker. */
export function createHub(clock: Clock, patience = ASK_MS): Hub {
  const counters = createCounters(clock);
  const cells = createCells(clock);
  const members = new Set<Member>();

  const limitOf = (member: Member, id: number, limit: SentLimit): Limit => {
    if (!('asks' in limit)) return limit;
    const { asks, ...quota } = limit;
    if (!asks) return quota;
    const told = () =>
      new Promise<number>((resolve, reject) => {
        member.asked.set(id, (used) => (used === null ? reject(new Error('nobody can tell')) : resolve(used)));
        member.tell({ say: 'asks', id });
      });
    return { ...quota, used: () => within(patience, told()).finally(() => member.asked.delete(id)) };
  };
  const leased = (member: Member, id: number, limit: SentLimit, lease: Lease): void => {
    const { granted, retryAfter, used } = lease;
    if (granted && !members.has(member)) return 'ttl' in limit ? lease.release(1) : undefined;
    if (granted) ('ttl' in limit ? member.places : member.leases).set(id, lease);
    member.tell({ say: 'lease', id, granted, retryAfter, used });
  };
  const tellWanted = (): void => {
    for (const member of members) {
      const others = [...members].filter((other) => other !== member);
      member.tell({ say: 'wanted', topics: [...new Set(others.flatMap(({ reads }) => [...reads]))] });
    }
  };

  const hear = (member: Member, message: WorkerMessage): void => {
    switch (message.say) {
      case 'take': {
        const { id, key, n, limit } = message;
        const lease = counters.take(key, n, limitOf(member, id, limit));
        if (lease instanceof Promise) void lease.then((later) => leased(member, id, limit, later));
        else leased(member, id, limit, lease);
        return;
      }
      case 'release': {
        const { id, unused } = message;
        (member.places.get(id) ?? member.leases.get(id))?.release(unused);
        member.places.delete(id);
        member.leases.delete(id);
        return;
      }
      case 'used':
        member.asked.get(message.id)?.(message.used);
        member.asked.delete(message.id);
        return;
      case 'write':
        for (const [key, value, ttl] of message.entries) cells.put(key, value, ttl);
        for (const other of members) other.tell({ say: 'cells', entries: message.entries, own: other === member });
        return;
      case 'load':
        member.tell({ say: 'loaded', id: message.id, entries: message.keys.flatMap(cells.entry) });
        return;
      case 'publish': {
        const { topic, message: said } = message;
        for (const other of members) {
          if (other !== member && other.reads.has(topic)) other.tell({ say: 'message', topic, message: said });
        }
        return;
      }
      case 'read':
        if (message.on) member.reads.add(message.topic);
        else member.reads.delete(message.topic);
        tellWanted();
    }
  };

  return {
    attach(port) {
      const member: Member = {
        tell: batched(port),
        leases: new LRUCache({ maxSize: MAX_LEASES, sizeCalculation: () => 1 }),
        places: new Map(),
        reads: new Set(),
        asked: new Map(),
      };
      members.add(member);
      // Both ends are this program.
      port.receive((messages) => {
        for (const message of messages as readonly WorkerMessage[]) hear(member, message);
      });
      port.closed(() => {
        members.delete(member);
        for (const place of member.places.values()) place.release(1);
        for (const answer of member.asked.values()) answer(null);
        tellWanted();
      });
      tellWanted();
    },
  };
}
