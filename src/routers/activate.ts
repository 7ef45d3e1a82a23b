import type { ActiveArtifact } from './active.ts';
import type { Artifact } from './artifact.ts';
import { invalidArtifact } from './artifact/invalid.ts';
import { calibratedRouter } from './calibrated.ts';
import { loadCalibration } from './calibration.ts';
import { columnFinder } from './columns.ts';
import { loadCost } from './cost.ts';
import { TRAINABLES } from './trainables.ts';

function lengthsOf(artifact: Artifact): Pick<ActiveArtifact, 'outputTokens'> {
  if (artifact.costs === undefined) return {};
  const costs = loadCost(artifact.costs);
  const find = columnFinder(costs.models);
  return {
    outputTokens(features, models) {
      const tokens = costs.outputTokens(features);
      return Float64Array.from(models, (model) => tokens[find(model)] ?? Number.NaN);
    },
  };
}

/**
 * Makes a router of an artifact.
 * @throws `artifact_invalid` when its router is unknown here, or something of it is missing or has the wrong shape.
 */
export function activate(artifact: Artifact, version: string): ActiveArtifact {
  const name = artifact.router.router;
  const trainable = TRAINABLES.find((one) => one.name === name);
  if (trainable === undefined) {
    throw invalidArtifact(
      `this version knows no router "${name.slice(0, 80)}"; it knows ${TRAINABLES.map((one) => one.name).join(', ')}`,
    );
  }
  const learnt = trainable.load(artifact.router);
  const router =
    artifact.calibration === undefined ? learnt : calibratedRouter(learnt, loadCalibration(artifact.calibration));
  if (learnt.needs.includes('embedding') && artifact.embedder === undefined) {
    throw invalidArtifact('its router needs vectors, and nothing says of which embedder');
  }
  const lengths = lengthsOf(artifact);
  const { models, trainedOn, sample, embedder } = artifact;
  return {
    name: `${name}@${version}`,
    version,
    router,
    needs: lengths.outputTokens === undefined ? router.needs : [...new Set([...router.needs, 'structure' as const])],
    models,
    rows: trainedOn.rows,
    ...(sample === undefined ? {} : { sample }),
    ...(embedder === undefined ? {} : { embedder }),
    ...lengths,
  };
}
