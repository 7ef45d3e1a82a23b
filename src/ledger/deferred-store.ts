import type { Store } from './store.ts';

/** What is known of a store before its queries are loaded. */
export interface Unloaded {
  readonly driver: string;
  readonly shared?: boolean;
  /** For a store that nobody asked. */
  close(): void;
}

/**
 * A store over an open database, or one that is still to be connected to, whose queries are loaded when the first one is
 * asked. Kysely is 260 modules: a gateway that waited for them would listen a third later.
 */
export function deferStore(database: Unloaded, load: () => Promise<Store>): Store {
  let loading: Promise<Store> | undefined;
  const store = () =>
    (loading ??= load().catch((error: unknown) => {
      // What failed once may work later: the next query tries again.
      loading = undefined;
      throw error;
    }));
  return {
    driver: database.driver,
    shared: database.shared ?? false,
    keys: {
      list: async () => (await store()).keys.list(),
      revision: async () => (await store()).keys.revision(),
      insert: async (key) => (await store()).keys.insert(key),
      revoke: async (name, at) => (await store()).keys.revoke(name, at),
      rotate: async (name, rotation) => (await store()).keys.rotate(name, rotation),
      lastUsed: async (names) => (await store()).keys.lastUsed(names),
    },
    answers: {
      get: async (key) => (await store()).answers.get(key),
      set: async (key, answer, ttl) => (await store()).answers.set(key, answer, ttl),
      clear: async () => (await store()).answers.clear?.(),
    },
    erasures: {
      add: async (erasure) => (await store()).erasures.add(erasure),
      list: async (after) => (await store()).erasures.list(after),
      requests: async (filter, after) => (await store()).erasures.requests(filter, after),
      feedback: async (filter) => (await store()).erasures.feedback(filter),
      scrub: async () => (await store()).erasures.scrub(),
    },
    append: async (records, position) => (await store()).append(records, position),
    position: async (source) => (await store()).position(source),
    forget: async (source) => (await store()).forget(source),
    beat: async (source) => (await store()).beat(source),
    silent: async (silence) => (await store()).silent(silence),
    interrupt: async (source, before) => (await store()).interrupt(source, before),
    prices: async () => (await store()).prices(),
    reprice: async (filter, prices) => (await store()).reprice(filter, prices),
    lines: async (filter) => (await store()).lines(filter),
    booked: async (filter) => (await store()).booked(filter),
    prompts: async (filter) => (await store()).prompts(filter),
    entry: async (id) => (await store()).entry(id),
    entries: async (filter) => (await store()).entries(filter),
    usage: async (filter) => (await store()).usage(filter),
    prune: async (before, promptsBefore) => (await store()).prune(before, promptsBefore),
    async close() {
      if (loading === undefined) database.close();
      else await (await loading.catch(() => undefined))?.close();
    },
  };
}
