import { readFile, writeFile } from 'node:fs/promises';
import { decodeArtifact, encodeArtifact } from '../../src/routers/artifact.ts';
import { irt } from '../../src/routers/irt.ts';
import { TRAINABLES } from '../../src/routers/trainables.ts';
import type { Trainable } from '../../src/routers/trained.ts';
import { sha256 } from '../../src/training/artifact-file.ts';
import { benchDecisions } from './decision.ts';
import { generatedRows } from './rows.ts';

export interface Fitted {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly artifactBytes: number;
}
export interface Decided {
  readonly shortMs: number;
  readonly longMs: number;
  readonly memoryBytes: number;
}

/** Every router that learns; `irt` has a bar of its own. */
export const BENCHED: readonly Trainable[] = TRAINABLES.some(({ name }) => name === irt.name)
  ? TRAINABLES
  : [...TRAINABLES, irt];

/** Fits on `rows` generated rows and writes the artifact. */
export async function measureFit(trainable: Trainable, rows: number, file: string): Promise<Fitted> {
  const set = generatedRows(rows);
  globalThis.gc?.();
  const started = performance.now();
  const cpu = process.cpuUsage();
  const router = trainable.fit(set, { seed: 7 });
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1000;
  const bytes = encodeArtifact(
    { router: router.save(), models: router.models, trainedOn: { hash: '0'.repeat(64), rows }, metrics: {} },
    sha256,
  );
  await writeFile(file, bytes);
  return { seconds, cpuSeconds: (user + system) / 1e6, artifactBytes: bytes.length };
}

function heldBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Loads an artifact and decides with it; for a process of its own, started with `--expose-gc`. */
export async function measureDecisions(trainable: Trainable, file: string): Promise<Decided> {
  const before = heldBytes();
  const router = trainable.load(decodeArtifact(await readFile(file), sha256).router);
  // Another turn of the event loop, so that nothing of the reading is held any more.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const memoryBytes = heldBytes() - before;
  return { ...benchDecisions(router), memoryBytes };
}
