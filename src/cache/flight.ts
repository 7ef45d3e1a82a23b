/** How long an answer is still made when everyone who wanted it has left, milliseconds: they may come back for it. */
const LINGER_MS = 30_000;

/** The bytes of an answer while it is being made, for everyone who asked the same. */
export interface Flight {
  /** A reader from the first byte on, which counts until it has read all or returns. */
  follow(): AsyncIterable<Uint8Array>;
}

/** Reads a body to its end for any number of followers; calls `abandoned` when all have left and none came back in time. */
export function createFlight(
  body: AsyncIterable<Uint8Array>,
  { abandoned, ended }: { readonly abandoned: () => void; readonly ended: (whole: Uint8Array | undefined) => void },
): Flight {
  const parts: Uint8Array[] = [];
  let over = false;
  let broken: unknown;
  let wake: (() => void)[] = [];
  let followers = 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = (): void => {
    const waiting = wake;
    wake = [];
    for (const each of waiting) each();
  };
  const more = (): Promise<void> => new Promise((resolve) => wake.push(resolve));
  const finish = (whole: Uint8Array | undefined): void => {
    over = true;
    clearTimeout(timer);
    ended(whole);
    tell();
  };
  const read = async (): Promise<void> => {
    for await (const part of body) {
      parts.push(part);
      tell();
    }
  };
  void read().then(
    () => finish(Buffer.concat(parts)),
    (error: unknown) => {
      broken = error;
      finish(undefined);
    },
  );

  const left = (): void => {
    followers--;
    if (followers > 0 || over) return;
    timer = setTimeout(abandoned, LINGER_MS);
    timer.unref();
  };
  const follower = (): AsyncIterator<Uint8Array> => {
    let next = 0;
    let here = true;
    const leave = (): void => {
      if (!here) return;
      here = false;
      left();
    };
    return {
      async next() {
        if (next >= parts.length && !over) await more();
        const value = parts[next++];
        if (value !== undefined && here) return { value, done: false };
        leave();
        if (broken !== undefined) throw broken;
        return { value: undefined, done: true };
      },
      async return() {
        leave();
        return { value: undefined, done: true };
      },
    };
  };
  return {
    follow() {
      followers++;
      clearTimeout(timer);
      const iterator = follower();
      return { [Symbol.asyncIterator]: () => iterator };
    },
  };
}
