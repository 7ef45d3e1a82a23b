import { deferStore } from '../deferred-store.ts';
import type { StoreKind } from '../store-kind.ts';
import type { Store } from '../store.ts';
import { isPostgresUrl, readAddress, shownPostgresUrl } from './address.ts';
import { loadPg } from './pool.ts';
import { isOutOfReach, OutOfReach } from './trouble.ts';

/** How long a start waits to hear whether the configuration is right; whoever needs the answer waits as long as it takes. */
const PATIENCE_MS = 2000;

/** Resolves when the database has been asked something, or when that takes too long for someone who can go on without. */
async function asked(store: Store, shown: string, hurry: boolean): Promise<void> {
  const asking = store.position('');
  if (!hurry) return void (await asking);
  // Should it fail later, the next query tells.
  asking.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    const late = () => reject(new OutOfReach(shown, new Error(`no answer within ${PATIENCE_MS} ms`)));
    timer = setTimeout(late, PATIENCE_MS);
  });
  await Promise.race([asking, tooLate]).finally(() => clearTimeout(timer));
}

/** PostgreSQL, which several machines may share. A database out of reach is connected to when it is there again. */
export const postgres: StoreKind = {
  name: 'postgres',
  form: 'postgres://user@host/database',
  takes: isPostgresUrl,
  shown: shownPostgresUrl,
  async open(url, { clock, onOutOfReach, later = false }) {
    const address = readAddress(url);
    const pg = await loadPg();
    const load = async () => (await import('./store.ts')).openPostgresStore(pg, address, clock);
    const store = deferStore({ driver: 'pg', shared: true, close() {} }, load);
    if (later) return store;
    try {
      await asked(store, address.shown, onOutOfReach !== undefined);
    } catch (error) {
      if (onOutOfReach === undefined || !(error instanceof Error) || !isOutOfReach(error)) throw error;
      onOutOfReach(error);
    }
    return store;
  },
};
