import { Worker } from 'node:worker_threads';
import { SignalboxError, type ErrorCode } from '../errors.ts';
import type { Artifact } from '../routers/artifact.ts';
import type { LoadedFile } from './dataset/load.ts';
import type { SetSummary } from './dataset/summary.ts';
import type { TrainStage } from './train.ts';

/** What the thread is started with. */
export interface TrainSetup {
  readonly files: readonly string[];
  /** Name of a router that learns. */
  readonly router: string;
  readonly seed: number;
}

/** What came of a training. */
export interface TrainResult {
  readonly artifact: Artifact;
  readonly summary: SetSummary;
  readonly files: readonly LoadedFile[];
  readonly warnings: readonly string[];
}

/** What the thread says. */
export type TrainMessage =
  | { readonly say: 'progress'; readonly stage: TrainStage; readonly share: number }
  | { readonly say: 'done'; readonly result: TrainResult }
  | { readonly say: 'failed'; readonly code: ErrorCode; readonly message: string };

/** The compiled file beside the compiled, the source beside the source. */
const WORKER = new URL(`train-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Trains in a thread of its own: a fit computes without a pause, and a signal is only heard by a thread that is free. An
 * abort ends the thread wherever it is; it writes nothing.
 * @returns undefined when it was aborted.
 * @throws SignalboxError for data that cannot be learnt from.
 */
export function trainInThread(
  setup: TrainSetup,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (stage: TrainStage, share: number) => void },
): Promise<TrainResult | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: setup, name: 'train' });
    const end = () => void worker.terminate();
    const stop = () => {
      end();
      resolve(undefined);
    };
    signal.addEventListener('abort', stop, { once: true });
    worker.on('error', reject);
    worker.on('exit', () => reject(new SignalboxError('internal', 'the training ended without a result')));
    worker.on('message', (message: TrainMessage) => {
      if (message.say === 'progress') return progress(message.stage, message.share);
      signal.removeEventListener('abort', stop);
      if (message.say === 'done') resolve(message.result);
      else reject(new SignalboxError(message.code, message.message));
      end();
    });
  });
}
