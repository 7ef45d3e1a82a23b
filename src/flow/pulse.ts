/** Silence after which a caller is told that its answer is still being made, milliseconds. */
export const PING_MS = 15_000;
/** How often silence is looked for: a ping comes at most this late. */
const CHECK_MS = 2500;

/** Waits for what is next, and wakes when it is long in coming. */
export interface Pulse<T> {
  /** What is next, or `ping` when {@link PING_MS} are over since the last word; then the same is waited for again. */
  wait(next: () => Promise<T>): Promise<T | 'ping'>;
  /** Something was said to the caller: silence begins anew. */
  said(): void;
  /** The step that was waited for is not wanted any more. */
  forget(): void;
  stop(): void;
}

/** One timer per stream that nobody touches while bytes flow. */
export function createPulse<T>(): Pulse<T> {
  let pending: Promise<T> | undefined;
  let wake: ((ping: 'ping') => void) | undefined;
  let quiet = 0;
  const timer = setInterval(() => {
    quiet += CHECK_MS;
    if (wake === undefined || quiet < PING_MS) return;
    quiet = 0;
    wake('ping');
  }, CHECK_MS);
  return {
    async wait(next) {
      pending ??= next();
      const waited = pending;
      const step = await new Promise<T | 'ping'>((resolve, reject) => {
        wake = resolve;
        waited.then(resolve, reject);
      });
      wake = undefined;
      if (step !== 'ping') pending = undefined;
      return step;
    },
    said: () => void (quiet = 0),
    forget() {
      pending?.catch(() => {});
      pending = undefined;
      wake = undefined;
    },
    stop() {
      clearInterval(timer);
      pending?.catch(() => {});
    },
  };
}
