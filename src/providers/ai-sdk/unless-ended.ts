import { UpstreamFailure } from '../provider.ts';
import type { CallWatch } from '../watch.ts';

/**
 * A promise that is left when the call is ended: a package may not heed its signal.
 * @throws UpstreamFailure the reason why the call was ended.
 */
export async function unlessEnded<T>(work: PromiseLike<T>, { signal, reason }: CallWatch): Promise<T> {
  const ended = () => reason() ?? new UpstreamFailure('gone', 'the call was ended');
  if (signal.aborted) throw ended();
  let stop = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(ended());
    signal.once('abort', stop);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.off('abort', stop);
  }
}
