import type { CallerSignal } from '../providers/provider.ts';

/** Waits before a call is made again; ends early when the caller leaves. */
export async function pause(ms: number, signal: CallerSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
