import { erasureOf, type ForgetFilter, type Forgotten, type ForgottenPage } from './erasure.ts';
import type { Ledger } from './ledger.ts';

export interface ForgetOptions {
  /** A new id, that sorts by time. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Told of each page. */
  readonly onPage?: (page: ForgottenPage) => void;
}

/**
 * Forgets prompts, signals, comments and the names of sessions and end users of requests, those that wait in journals
 * included; money, models and times stay. Doing it again changes nothing.
 * @throws what the store throws; what is not done yet is done by doing it again.
 */
export async function forget(
  { store, flush }: Pick<Ledger, 'store' | 'flush'>,
  filter: ForgetFilter,
  { id, now, onPage }: ForgetOptions,
): Promise<Forgotten> {
  const erasure = erasureOf(filter, id, now);
  // What waits is moved first, so that it is counted; what comes after that is stored without what is to be forgotten.
  await flush();
  await store.erasures.add(erasure);
  const whose = { ...filter, at: erasure.at, until: erasure.until };
  let [requests, prompts, feedback] = [0, 0, 0];
  let after: ForgottenPage['next'];
  do {
    const page = await store.erasures.requests(whose, after);
    requests += page.requests;
    prompts += page.prompts;
    feedback += page.feedback;
    after = page.next;
    onPage?.(page);
  } while (after !== undefined);
  for (let more = 1; more > 0; feedback += more) more = await store.erasures.feedback(whose);
  await store.erasures.scrub();
  return { requests, prompts, feedback };
}
