import type { Config } from '../config/schema.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { SignalboxError } from '../errors.ts';

/** Where a Redis is, and who asks it. */
export interface RedisAddress {
  /** Without user, password and database: these are told, and their refusal heard, once it is connected. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: number;
}

const FORM = 'redis://host:port/database or rediss://host:port/database';
const WHOLE = /^\d{1,9}$/;

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The parts of an address, or what is wrong with it, which repeats nothing that may be secret. */
function parse(text: string): RedisAddress | string {
  if (!URL.canParse(text)) return `expected ${FORM}; characters such as @ : / % # in a password are percent-encoded`;
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return `expected ${FORM}`;
  const taken = (name: string): string | undefined => {
    const value = url.searchParams.get(name) ?? undefined;
    url.searchParams.delete(name);
    return value;
  };
  const query = { user: taken('username'), password: taken('password'), database: taken('db') };
  const database = url.pathname.slice(1) || (query.database ?? '0');
  if (!WHOLE.test(database)) return `expected ${FORM}, where the database is a whole number from 0`;
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === undefined || password === undefined) return 'a % in user or password is written %25';
  url.username = '';
  url.password = '';
  url.pathname = '';
  return {
    url: url.href,
    user: user || (query.user ?? ''),
    password: password || (query.password ?? ''),
    database: Number(database),
  };
}

/**
 * Takes `storage.redis` apart.
 * @throws `config_invalid` for an address that is none.
 */
export function readRedisAddress(text: string): RedisAddress {
  const read = parse(text);
  if (typeof read === 'string') throw new SignalboxError('config_invalid', `storage.redis: ${read}`);
  return read;
}

/** What is wrong with a configuration's `storage.redis`. */
export function redisChecks({
  storage: { redis },
}: {
  readonly storage: Pick<Config['storage'], 'redis'>;
}): ConfigProblem[] {
  const read = redis === null ? undefined : parse(redis);
  return typeof read === 'string' ? [{ path: ['storage', 'redis'], message: read }] : [];
}
