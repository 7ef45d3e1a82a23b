/** Calls that wait at one provider; more are turned away at once. */
const MAX_WAITING = 1000;

/** Tells that a waiting call is not wanted any more. */
export interface WaitSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How long a call may wait for its slot. */
export interface Patience {
  /** Milliseconds. */
  readonly ms: number;
  readonly signal: WaitSignal;
}

/** The right to have one call in flight. Gives it back; later calls do nothing. */
export type Slot = () => void;

/** How many calls each provider has in flight, where that is limited. */
export interface Slots {
  /** Whether another call would have to wait. */
  full(provider: string, limit: number | undefined): boolean;
  /**
   * Takes a slot: at once where one is free, else when its turn comes, first come first served. Undefined when its time
   * is over, its caller has left, or too many wait.
   */
  acquire(
    provider: string,
    limit: number | undefined,
    patience: Patience,
  ): Slot | undefined | Promise<Slot | undefined>;
}

interface Line {
  inFlight: number;
  /** As the last call knew it: a new configuration may have another. */
  limit: number;
  readonly waiting: Set<(slot: Slot | undefined) => void>;
}

const FREE: Slot = () => {};

/** {@link Slots} of one process. */
export function createSlots(): Slots {
  const lines = new Map<string, Line>();

  const take = (provider: string, line: Line): Slot => {
    line.inFlight++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      line.inFlight--;
      serve(provider, line);
    };
  };
  const serve = (provider: string, line: Line): void => {
    for (const wake of line.waiting) {
      if (line.inFlight >= line.limit) return;
      line.waiting.delete(wake);
      wake(take(provider, line));
    }
    if (line.inFlight === 0 && lines.get(provider) === line) lines.delete(provider);
  };
  const wait = (line: Line, { ms, signal }: Patience): Promise<Slot | undefined> =>
    new Promise((resolve) => {
      const done = (slot: Slot | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const leave = (): void => {
        line.waiting.delete(done);
        done(undefined);
      };
      const timer = setTimeout(leave, ms);
      signal.addEventListener('abort', leave);
      line.waiting.add(done);
    });

  return {
    full(provider, limit) {
      if (limit === undefined || lines.size === 0) return false;
      return (lines.get(provider)?.inFlight ?? 0) >= limit;
    },
    acquire(provider, limit, patience) {
      if (limit === undefined) return FREE;
      const line = lines.get(provider) ?? { inFlight: 0, limit, waiting: new Set() };
      lines.set(provider, line);
      line.limit = limit;
      if (line.inFlight < limit && line.waiting.size === 0) return take(provider, line);
      if (patience.signal.aborted || patience.ms <= 0 || line.waiting.size >= MAX_WAITING) return undefined;
      const slot = wait(line, patience);
      // A new configuration may have raised the limit.
      serve(provider, line);
      return slot;
    },
  };
}
