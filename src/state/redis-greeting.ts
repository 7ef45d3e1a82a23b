import type { Redis } from 'ioredis';
import type { RedisAddress } from './redis-address.ts';

/** What Redis says to a password where it needs none. */
const NEEDS_NONE = /no password is set|without any password configured/i;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is wrong with the address, where Redis says so, and what to do; undefined for any other trouble. */
function refusalIn(message: string, database: number): string | undefined {
  if (/^WRONGPASS|invalid password/i.test(message)) return 'the user or the password in the address is refused';
  if (message.startsWith('NOAUTH'))
    return 'it asks for a password, and the address has none that it takes: redis://user:password@host:port';
  if (/DB index/i.test(message))
    return `it has no database ${database}: name a lower number, or raise "databases" in its configuration`;
  if (/SELECT is not allowed/i.test(message)) return 'a cluster has database 0 alone: leave the number out';
  return undefined;
}

/**
 * Says who asks, and of which database: the client's own way prints warnings, and goes on in database 0 when there is
 * no such one. Resolves to why Redis refuses that, or undefined.
 */
export async function greet(client: Redis, { user, password, database }: RedisAddress): Promise<string | undefined> {
  try {
    if (password !== '') {
      const words = user === '' ? [password] : [user, password];
      await client.call('AUTH', words).catch((error: unknown) => {
        if (!NEEDS_NONE.test(messageOf(error))) throw error;
      });
    }
    // In capitals the client does not see it, and does not say it again on its own.
    if (database !== 0) await client.call('SELECT', [String(database)]);
    await client.ping();
    return undefined;
  } catch (error) {
    const refusal = refusalIn(messageOf(error), database);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
