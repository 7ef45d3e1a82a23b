import { firstIdAt } from '../id.ts';
import { covers, erasureOf, withoutQuery, type Erasure, type ForgetFilter, type Forgotten } from '../ledger/erasure.ts';
import { forget } from '../ledger/forget.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Runtime } from './runtime.ts';

/** How often what others were asked to forget is looked for, milliseconds. */
const POLL_MS = 5000;
/** How far the clocks of machines may differ, milliseconds. */
const SKEW_MS = 60_000;

/** Forgets what is known of requests: in the store, in journals, and in the memory of all processes. */
export interface Forgetting {
  /**
   * Forgets prompts, signals, comments and names of sessions and end users; money stays. Doing it again changes nothing.
   * @throws `storage_unavailable`
   */
  forget(filter: ForgetFilter): Promise<Forgotten>;
  close(): void;
}

type Parts = Pick<Runtime, 'clock' | 'newId' | 'recent' | 'memory' | 'kept'>;

/** Forgets what this process has in its memory; of sessions whose end user nobody knows, all that may be meant. */
function forgetHere(erasure: Erasure, { recent, memory, kept }: Pick<Parts, 'recent' | 'memory' | 'kept'>): void {
  const { user: _user, ...rest } = erasure;
  recent.forget({
    request: ({ at, request }) => covers(erasure, { at, ...request }),
    decision: ({ at, query }, key) => covers(rest, { at, key, session: query.session }),
    without: withoutQuery,
  });
  memory.forget((session) => covers(rest, session));
  // Nobody knows whose they are: only the hash of their request is kept.
  kept.cache.clear();
}

/** {@link Forgetting}, which follows what other processes with the same store are asked to forget. */
export function createForgetting(ledger: Pick<Ledger, 'store' | 'flush' | 'renew'>, runtime: Parts): Forgetting {
  const { clock, memory, newId } = runtime;
  const { erasures } = ledger.store;
  let seen = firstIdAt(clock.now() - SKEW_MS);
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const news = await erasures.list(seen);
      for (const erasure of news) {
        forgetHere(erasure, runtime);
        seen = erasure.id;
      }
      if (news.length > 0) ledger.renew();
    } catch {
      // A store that cannot be asked is asked again: what comes from its journal meanwhile is stored without names.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), POLL_MS);
  timer.unref();

  return {
    async forget(filter) {
      const [id, now] = [newId(), clock.now()];
      forgetHere(erasureOf(filter, id, now), runtime);
      const done = await forget(ledger, filter, {
        id,
        now,
        onPage({ sessions }) {
          for (const session of sessions) memory.forgetSession(session);
        },
      });
      ledger.renew();
      await ledger.flush();
      return done;
    },
    close: () => clearInterval(timer),
  };
}
