/** A connection is given to a worker, beside this message. */
export interface Given {
  readonly kind: 'connection';
  readonly number: number;
}

/** The worker has it, and has read nothing of it yet. */
export interface Taken {
  readonly kind: 'taken';
  readonly number: number;
}

const isOf = (message: unknown, kind: string): boolean =>
  typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind;

/** Both ends are this program: the kind tells the rest. */
export function isGiven(message: unknown): message is Given {
  return isOf(message, 'connection');
}

/** The same for {@link Taken}. */
export function isTaken(message: unknown): message is Taken {
  return isOf(message, 'taken');
}
