import { Worker } from 'node:worker_threads';
import { SignalboxError, type ErrorCode } from '../errors.ts';
import type { Artifact } from '../routers/artifact.ts';
import type { LoadedFile } from './dataset/load.ts';
import type { TextVectors } from './dataset/row-vectors.ts';
import type { SetSummary } from './dataset/summary.ts';
import type { TrainStage } from './train.ts';

/** What the thread is started with. */
export interface TrainSetup {
  readonly files: readonly string[];
  /** Name of a router that learns. */
  readonly router: string;
  readonly seed: number;
  /** Whether vectors of the texts are to be asked for. */
  readonly vectors: boolean;
}

/** Turns texts into vectors, outside the thread. */
export type EmbedTexts = (
  texts: readonly string[],
  options: { readonly signal: AbortSignal; readonly progress: (share: number) => void },
) => Promise<TextVectors>;

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
  /** Wants the vectors of these texts: a {@link TextVectors} as answer. */
  | { readonly say: 'texts'; readonly texts: readonly string[] }
  | { readonly say: 'done'; readonly result: TrainResult }
  | { readonly say: 'failed'; readonly code: ErrorCode; readonly message: string };

/** The compiled file beside the compiled, the source beside the source. */
const WORKER = new URL(`train-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** The memory of vectors, each once: handed over, not copied. */
function buffersOf({ vectors }: TextVectors): ArrayBuffer[] {
  const buffers = vectors.flatMap((vector) => (vector?.buffer instanceof ArrayBuffer ? [vector.buffer] : []));
  return [...new Set(buffers)];
}

/**
 * Trains in a thread of its own: a fit computes without a pause, and a signal is only heard by a thread that is free. An
 * abort ends the thread wherever it is; it writes nothing.
 * @param options with `embed` the router may learn from vectors: the thread names the texts, `embed` gives their vectors.
 * @returns undefined when it was aborted.
 * @throws SignalboxError for data that cannot be learnt from; what `embed` throws.
 */
export function trainInThread(
  setup: Omit<TrainSetup, 'vectors'>,
  {
    signal,
    progress,
    embed,
  }: {
    readonly signal: AbortSignal;
    readonly progress: (stage: TrainStage, share: number) => void;
    readonly embed?: EmbedTexts | undefined;
  },
): Promise<TrainResult | undefined> {
  return new Promise((resolve, reject) => {
    const workerData: TrainSetup = { ...setup, vectors: embed !== undefined };
    const worker = new Worker(WORKER, { workerData, name: 'train' });
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
      if (message.say === 'texts') {
        embed?.(message.texts, { signal, progress: (share) => progress('vectors', share) }).then(
          (answer) => worker.postMessage(answer, buffersOf(answer)),
          (error: unknown) => {
            signal.removeEventListener('abort', stop);
            reject(error);
            end();
          },
        );
        return;
      }
      signal.removeEventListener('abort', stop);
      if (message.say === 'done') resolve(message.result);
      else reject(new SignalboxError(message.code, message.message));
      end();
    });
  });
}
