import type { ConfigProblem } from './problem.ts';
import type { Config } from './schema.ts';

/** A ledger that several processes are to share and cannot. */
export function placeProblems({ server, storage }: Pick<Config, 'server' | 'storage'>): ConfigProblem[] {
  if (server.workers === 1 || storage.url !== 'memory:') return [];
  const message = `${server.workers} workers cannot share "memory:": name a file or a PostgreSQL, or set server.workers to 1`;
  return [{ path: ['storage', 'url'], message }];
}

/** A tier of the cache that is not there. */
export function idleTier({ cache, storage }: Pick<Config, 'cache' | 'storage'>): ConfigProblem[] {
  if (cache.tier !== 'redis' || storage.redis !== null) return [];
  const message = 'there is no storage.redis: answers are kept in the memory of each process only';
  return [{ path: ['cache', 'tier'], message }];
}
