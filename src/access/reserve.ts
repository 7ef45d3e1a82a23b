import type { Account } from './accounts.ts';

/** A budget that had nothing left. */
export interface Exhausted {
  readonly account: Account;
  /** When it starts anew, epoch milliseconds. */
  readonly resetAt: number;
}

/** What was set aside for one request. */
export interface Reserve {
  /** Nothing was set aside, because this one had nothing left. */
  readonly exhausted?: Exhausted;
  /** Sets more aside, on every account or on none. False: one that refuses has nothing left, or the request is over. */
  raise(nano: bigint): Promise<boolean>;
  /** What it cost in the end, nano-dollars; null when nobody knows: then all of it stays spent. */
  settle(cost: bigint | null): void;
}

/** As much, set aside on each account of a request. */
export interface Part {
  readonly n: number;
  readonly release: (unused: number) => void;
}

/** What was set aside for a request, `first` and whatever `setAside` adds until it is settled. */
export function createReserve(first: Part, setAside: (n: number) => Promise<Part | Exhausted>): Reserve {
  const more: Part[] = [];
  let open = true;
  return {
    async raise(nano) {
      const part = await setAside(Number(nano));
      if ('account' in part) return false;
      if (open) more.push(part);
      else part.release(part.n);
      return open;
    },
    settle(cost) {
      if (!open) return;
      open = false;
      let unused = cost === null ? 0 : more.reduce((sum, { n }) => sum + n, first.n) - Number(cost);
      for (const { n, release } of more) {
        const back = Math.max(0, Math.min(n, unused));
        release(back);
        unused -= back;
      }
      first.release(unused);
    },
  };
}
