import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry/log.ts';
import { createMemoryState } from './memory.ts';
import type { State } from './state.ts';

/** Where state is kept. */
export interface StatePlace {
  /** Address of the Redis that replicas share; null = this process's memory. */
  readonly redis: string | null;
}

/**
 * Opens the state that a configuration asks for. A Redis that does not answer is no reason to fail.
 * @throws `config_invalid` for an address that is none or that Redis refuses, or without the package ioredis.
 */
export async function openState(
  { redis }: StatePlace,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<State> {
  if (redis === null) return createMemoryState(deps.clock);
  const { openRedisState } = await import('./redis.ts');
  return openRedisState(redis, deps);
}
