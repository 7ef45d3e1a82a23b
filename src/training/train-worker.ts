import { parentPort, workerData } from 'node:worker_threads';
import { asSignalboxError } from '../errors.ts';
import { TRAINABLES } from '../routers/trainables.ts';
import { loadDataset } from './dataset/load.ts';
import type { TrainMessage, TrainSetup } from './train-thread.ts';
import { trainArtifact, type TrainStage } from './train.ts';

/** Progress is told at most this often, milliseconds. */
const TELL_MS = 100;

const { files, router, seed } = workerData as TrainSetup;
const tell = (message: TrainMessage) => parentPort?.postMessage(message);

let told = 0;
let last: TrainStage | undefined;
const progress = (stage: TrainStage, share: number) => {
  const now = performance.now();
  if (stage === last && now - told < TELL_MS) return;
  told = now;
  last = stage;
  tell({ say: 'progress', stage, share });
};

try {
  const trainable = TRAINABLES.find(({ name }) => name === router);
  if (trainable === undefined) throw new RangeError(`no router "${router}"`);
  const loaded = await loadDataset(files, { progress: (share) => progress('reading', share) });
  const { artifact, summary } = trainArtifact(loaded.rows, trainable, { seed, progress });
  tell({ say: 'done', result: { artifact, summary, files: loaded.files, warnings: loaded.warnings } });
} catch (error) {
  const { code, message, cause } = asSignalboxError(error);
  tell({ say: 'failed', code, message: cause instanceof Error && code === 'internal' ? cause.message : message });
}
