import { performance } from 'node:perf_hooks';

/** Nothing came in time. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/** A timer that fires so much later than it was to, milliseconds, was held up by this process. */
const HELD_UP_MS = 5;
/** Times that a wait begins anew for that. */
const ANEW = 3;

/**
 * What `work` comes to, if it does within `ms` milliseconds; else it rejects with {@link TooLate} and goes on unheard. Time
 * in which this process itself was held up does not count: an answer that has arrived by then is taken, and what it kept
 * the process from asking is waited for anew, a few times at most.
 */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout;
    let left = ANEW;
    const wait = (): void => {
      const due = performance.now() + ms;
      timer = setTimeout(() => {
        // Timers run before what has arrived is read.
        if (left-- > 0 && performance.now() - due > HELD_UP_MS) wait();
        else setImmediate(() => reject(new TooLate(`nothing came within ${ms} ms`)));
      }, ms);
    };
    wait();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
