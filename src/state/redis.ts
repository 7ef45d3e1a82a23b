import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry/log.ts';
import { SignalboxError } from '../errors.ts';
import { readEntry, readParcel, type Parcel } from './parcel.ts';
import { readRedisAddress, type RedisAddress } from './redis-address.ts';
import { loadRedis } from './redis-client.ts';
import { createRedisCounters } from './redis-counters.ts';
import { Link } from './redis-link.ts';
import { SCRIPTS } from './redis-scripts.ts';
import { createRedisTopics } from './redis-topics.ts';
import { createReplica, type Entry } from './replica.ts';
import type { State } from './state.ts';
import { within } from './within.ts';

/** Before every key and channel. Channels know no databases: whose number is in the address keeps deployments apart. */
function prefixOf({ database }: RedisAddress): string {
  return database === 0 ? 'signalbox:' : `signalbox/${database}:`;
}

/** How long a cell stays in Redis where its writer does not say, milliseconds. */
const CELL_MS = 6 * 3_600_000;
/** A process that was not heard of for so long is taken for dead, milliseconds. */
const DEAD_MS = 10_000;
/** How long a start waits for Redis before it goes on without, milliseconds. */
const FIRST_MS = 1000;

const ALONE = 'Redis does not answer: this process grants its own share of limits';

export interface RedisStateOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Before every key; deployments with different ones share nothing. */
  readonly prefix?: string;
}

/** The entries that {@link SCRIPTS.readCells} found under some keys. */
function entriesOf(keys: readonly string[], reply: unknown): Entry[] {
  if (!Array.isArray(reply)) return [];
  return keys.flatMap((key, i): Entry[] => {
    const [text, left]: unknown[] = reply.slice(2 * i, 2 * i + 2);
    return typeof text === 'string' && text !== '' ? [[key, JSON.parse(text), Math.max(1, Number(left))]] : [];
  });
}

/**
 * State that all processes with the same Redis share. Where Redis does not answer within 50 ms it is not asked again
 * until it does: this process grants its share of each limit, and goes by its own copies.
 * @throws `config_invalid` for an address that is none, one that Redis refuses at the start (user, password, database),
 * or without the package ioredis.
 */
export async function openRedisState(url: string, options: RedisStateOptions): Promise<State> {
  const address = readRedisAddress(url);
  const { clock, log, prefix = prefixOf(address) } = options;
  const name = randomBytes(6).toString('hex');
  const keyOf = (key: string) => prefix + key;
  const cellsChannel = keyOf('cells');
  let processes = 1;
  let wasDown = false;
  let serves = false;
  /** The name of what Redis holds; another one when it has lost that. */
  let data = '';
  const link = (): Link => opened;
  const parcel = (items: readonly unknown[]) => JSON.stringify({ from: name, items } satisfies Parcel);

  const counters = createRedisCounters({ clock, link, process: name, keyOf, processes: () => processes });
  const topics = createRedisTopics({ link, channelOf: (topic) => keyOf(`topic:${topic}`), parcel });
  const replica = createReplica(clock, {
    send(entries) {
      if (opened.trouble !== null) return false;
      const keys = entries.map(([key]) => keyOf(`cell:${key}`));
      const values = entries.flatMap(([, value, ttl = CELL_MS]) => [JSON.stringify(value ?? null), Math.ceil(ttl)]);
      opened.run(SCRIPTS.writeCells, keys, [cellsChannel, parcel(entries), ...values]).catch(() => {});
      return true;
    },
    async fetch(keys) {
      if (opened.trouble !== null) throw new Error('not now');
      const names = keys.map((key) => keyOf(`cell:${key}`));
      return entriesOf(keys, await opened.run(SCRIPTS.readCells, names, []));
    },
  });
  const beat = async (): Promise<void> => {
    const shared = opened.trouble === null;
    const reply = await opened.run(SCRIPTS.present, [keyOf('processes'), keyOf('data')], [name, DEAD_MS]);
    const [live, found]: unknown[] = Array.isArray(reply) ? reply : [];
    // A Redis that was away may have forgotten those that have not come back yet.
    processes = Math.max(1, Number(live), shared ? 0 : processes);
    const lost = data !== '' && found !== data;
    data = String(found);
    if (!lost) return;
    counters.lost();
    if (shared) throw new Error('it has lost its data');
  };
  const opened = new Link(await loadRedis(), address, {
    recover: counters.recover,
    recovered: counters.recovered,
    beat,
    up() {
      if (wasDown) log.info({ processes }, 'Redis answers again: limits are shared');
      replica.resume();
    },
    down(why) {
      wasDown = true;
      log.error({ why, processes }, `${ALONE} until it does again`);
    },
    refused(why) {
      if (serves) log.error({ why }, 'Redis refuses this process, which goes on alone');
    },
    message(channel, text) {
      const { from, items } = readParcel(text);
      if (channel === cellsChannel) replica.receive(items.flatMap(readEntry), from === name);
      else if (from !== name) topics.receive(channel, items);
    },
  });
  opened.listen(cellsChannel);
  await within(FIRST_MS, opened.tried).catch(() => {});
  const refusal = opened.refusal;
  if (refusal !== null) {
    replica.close();
    topics.close();
    await opened.close(keyOf('processes'), name);
    throw new SignalboxError('config_invalid', `storage.redis: ${refusal}`);
  }
  serves = true;
  const why = opened.trouble;
  if (why !== null) {
    wasDown = true;
    log.error({ why }, `${ALONE} until it does`);
  }
  return {
    take: counters.take,
    cell: replica.cell,
    names: replica.names,
    load: replica.load,
    watch: replica.watch,
    publish: topics.publish,
    subscribe: topics.subscribe,
    answers: {
      get: async (key) => (await opened.bytes(keyOf(`answer:${key}`))) ?? undefined,
      set: (key, answer, ttl) => opened.keep(keyOf(`answer:${key}`), answer, ttl),
    },
    trouble: () => (opened.trouble === null ? null : `Redis: ${opened.trouble}`),
    async close() {
      replica.close();
      topics.flush();
      await opened.close(keyOf('processes'), name);
      topics.close();
    },
  };
}
