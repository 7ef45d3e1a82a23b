import { encodeArtifact } from '../../src/routers/artifact.ts';
import { learned } from '../../src/routers/learned.ts';
import { ridge } from '../../src/routers/ridge.ts';
import type { Trainable } from '../../src/routers/trained.ts';
import { sha256 } from '../../src/training/artifact-file.ts';
import { generatedRows } from '../routers/rows.ts';

/** Routers that the gateway is served with beside `prior`: one linear model, and the mixture of all. */
export const TRAINED: readonly Trainable[] = [ridge, learned];
/** Rows that they have learnt from. */
const ROWS = 2000;

/** An artifact over the eleven models of the generated rows. */
export function artifactOf(trainable: Trainable): Uint8Array {
  const router = trainable.fit(generatedRows(ROWS), { seed: 7 });
  return encodeArtifact(
    { router: router.save(), models: router.models, trainedOn: { hash: '0'.repeat(64), rows: ROWS }, metrics: {} },
    sha256,
  );
}
