/** What this process knows of a sum that all processes share. */
export interface Account {
  readonly until: number;
  /** What this process has taken in all. */
  mine: number;
  /** What of it is not settled. */
  open: number;
  /** All that was taken, as was told last, and what this process took since then. */
  seen: number;
  since: number;
  /** Which sum `mine` is a part of; empty = none yet. A Redis that lost its data begins another. */
  generation: string;
  /** Where the sum begins anew, what is settled is part of its beginning. */
  readonly fromBooks: boolean;
}

/** An account of which nothing is known. */
export const emptyAccount = (until: number, fromBooks: boolean): Account => ({
  until,
  fromBooks,
  mine: 0,
  open: 0,
  seen: 0,
  since: 0,
  generation: '',
});

/** What of an account counts in a sum that began anew. */
export const carried = ({ fromBooks, open, mine }: Account): number => (fromBooks ? open : mine);
