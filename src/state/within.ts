/** Nothing came in time. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/**
 * What `work` comes to, if it does within `ms` milliseconds; else it rejects with {@link TooLate} and goes on unheard. Time
 * in which this process itself was held up does not count: an answer that has arrived by then is taken.
 */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // Timers run before what has arrived is read.
    const late = () => setImmediate(() => reject(new TooLate(`nothing came within ${ms} ms`)));
    const timer = setTimeout(late, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
