import type { Redis, RedisOptions } from 'ioredis';
import { SignalboxError } from '../errors.ts';

/** The client's class. */
export type RedisClass = new (url: string, options: RedisOptions) => Redis;

const MAX_RECONNECT_MS = 1000;

/** What cannot be sent fails at once, what was sent is never sent again, and a lost connection is opened again for ever. */
const OPTIONS: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  disableClientInfo: true,
  // It warns on standard error; whether Redis answers is asked anyway.
  enableReadyCheck: false,
  retryStrategy: (times) => Math.min(times * 50, MAX_RECONNECT_MS),
};

/**
 * Loads the client.
 * @throws `config_invalid` without the package ioredis.
 */
export async function loadRedis(): Promise<RedisClass> {
  try {
    return (await import('ioredis')).Redis;
  } catch (cause) {
    throw new SignalboxError(
      'config_invalid',
      'storage.redis needs the package "ioredis": npm install ioredis (or remove storage.redis: a single process needs no Redis)',
      { cause },
    );
  }
}

/** A connection; `batched` sends what is asked in one turn of the event loop together. */
export function connectRedis(Client: RedisClass, url: string, batched: boolean): Redis {
  return new Client(url, { ...OPTIONS, enableAutoPipelining: batched });
}
