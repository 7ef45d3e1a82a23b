import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { asSignalboxError } from '../errors.ts';
import { TRAINABLES } from '../routers/trainables.ts';
import { loadDataset } from './dataset/load.ts';
import type { DatasetRow } from './dataset/row.ts';
import { instructionsOf, spreadVectors, type RowVectors, type TextVectors } from './dataset/row-vectors.ts';
import type { TrainMessage, TrainSetup } from './train-thread.ts';
import { trainArtifact, type TrainStage } from './train.ts';

/** Progress is told at most this often, milliseconds. */
const TELL_MS = 100;

const { files, router, seed, vectors: wantsVectors } = workerData as TrainSetup;
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

/** Asks for the vectors of the rows' texts. */
async function vectorsOf(rows: readonly DatasetRow[]): Promise<RowVectors | undefined> {
  if (parentPort === null || !wantsVectors) return undefined;
  const { texts, places } = instructionsOf(rows);
  const answered = once(parentPort, 'message');
  tell({ say: 'texts', texts });
  const [answer] = await answered;
  return spreadVectors(answer as TextVectors, places);
}

try {
  const trainable = TRAINABLES.find(({ name }) => name === router);
  if (trainable === undefined) throw new RangeError(`no router "${router}"`);
  const loaded = await loadDataset(files, { progress: (share) => progress('reading', share) });
  const vectors = await vectorsOf(loaded.rows);
  const { artifact, summary } = trainArtifact(loaded.rows, trainable, { seed, progress, vectors });
  tell({ say: 'done', result: { artifact, summary, files: loaded.files, warnings: loaded.warnings } });
} catch (error) {
  const { code, message, cause } = asSignalboxError(error);
  tell({ say: 'failed', code, message: cause instanceof Error && code === 'internal' ? cause.message : message });
}
