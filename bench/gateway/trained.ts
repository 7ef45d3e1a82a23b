import { encodeArtifact } from '../../src/routers/artifact.ts';
import { learned } from '../../src/routers/learned.ts';
import { sha256 } from '../../src/training/artifact-file.ts';
import { generatedRows } from '../routers/rows.ts';

/** The router that the gateway's second contender serves with. */
export const LEARNED = 'learned';
/** Rows that it has learnt from. */
const ROWS = 2000;

/** An artifact of `learned` over the eleven models of the generated rows. */
export function trainedArtifact(): Uint8Array {
  const router = learned.fit(generatedRows(ROWS), { seed: 7 });
  return encodeArtifact(
    { router: router.save(), models: router.models, trainedOn: { hash: '0'.repeat(64), rows: ROWS }, metrics: {} },
    sha256,
  );
}
