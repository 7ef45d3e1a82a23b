import { encodeArtifact } from '../../src/routers/artifact.ts';
import { fitCost } from '../../src/routers/cost.ts';
import { irt, type IrtRouter } from '../../src/routers/irt.ts';
import type { TrainingSet } from '../../src/routers/training-set.ts';
import { sha256 } from '../../src/training/artifact-file.ts';
import { loadDataset } from '../../src/training/dataset/load.ts';
import type { DatasetRow } from '../../src/training/dataset/row.ts';
import { toTrainingSet } from '../../src/training/dataset/training-set.ts';
import { fileOf, learntAs, LEARNT_FROM } from './sets.ts';

/** What an artifact that ships may weigh. */
export const MAX_BYTES = 3_000_000;
export const SEED = 7;

/** What a default is learnt from: the union of the sets, most of whose models were not asked most of the queries. */
export interface Lesson {
  readonly rows: readonly DatasetRow[];
  readonly set: TrainingSet;
  readonly hash: string;
  readonly queries: number;
  /** First row of each set and the one after its last. */
  readonly ranges: ReadonlyMap<string, readonly [from: number, to: number]>;
}

function underOneName(row: DatasetRow): DatasetRow {
  const outcomes = Object.entries(row.outcomes).map(([name, outcome]) => [learntAs(name), outcome] as const);
  return { ...row, outcomes: Object.fromEntries(outcomes) };
}

/** @throws `dataset_invalid` for a file that is not as it should be, `invalid_request` for one that is not there. */
export async function readLesson(): Promise<Lesson> {
  const loaded = await loadDataset(LEARNT_FROM.map(fileOf));
  const rows = loaded.rows.map(underOneName);
  const { set, summary } = toTrainingSet(rows, { needs: ['ngrams', 'structure'] });
  const ranges = new Map<string, readonly [number, number]>();
  let from = 0;
  for (const [i, file] of loaded.files.entries()) {
    ranges.set(LEARNT_FROM[i] ?? file.file, [from, from + file.rows]);
    from += file.rows;
  }
  return { rows, set, hash: summary.hash, queries: summary.groups, ranges };
}

/** A default artifact as a file. */
export interface MadeDefault {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly router: IrtRouter;
}

/**
 * Learns an `irt` over all models of the sets that may ship, with the lengths of their answers. The file holds weights and
 * the names of models. An out-of-fold sample is left out: strategies can use only those of its rows on which every
 * candidate is recorded, which among models of several sets are none, and it would carry recorded scores along.
 * The same files give the same bytes.
 * @throws RangeError when the file weighs more than may ship.
 */
export function makeDefault(lesson: Lesson, progress: (share: number) => void = () => {}): MadeDefault {
  const { set, hash, rows, queries } = lesson;
  const router = irt.fit(set, { seed: SEED, progress });
  const bytes = encodeArtifact(
    {
      router: router.save(),
      models: set.models,
      trainedOn: { hash, rows: rows.length },
      metrics: { seed: SEED, queries, sets: [...LEARNT_FROM] },
      costs: fitCost(set, { seed: SEED }).save(),
    },
    sha256,
  );
  if (bytes.length > MAX_BYTES) {
    throw new RangeError(`${bytes.length} bytes are more than the ${MAX_BYTES} that may ship`);
  }
  return { bytes, sha256: sha256(bytes), router };
}
