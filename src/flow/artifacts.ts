import type { Catalog } from '../catalog/catalog.ts';
import { unreadNote } from '../config/idle-embedders.ts';
import { pathText } from '../config/problem.ts';
import { embedderUses } from '../config/references.ts';
import type { Config } from '../config/schema.ts';
import { bestMeasured, createCalibration } from '../decide/calibration.ts';
import { strategyOf } from '../decide/strategy.ts';
import { SignalboxError } from '../errors.ts';
import { spaceMismatch } from '../query/embedder.ts';
import { coverage, type ActiveArtifact } from '../routers/active.ts';
import type { WorkingArtifact } from './snapshot.ts';

const NAMED = 8;

/** Some names, and how many more there are. */
export function someNames(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

function invalid(setting: string, message: string): SignalboxError {
  return new SignalboxError('artifact_invalid', `${setting}: ${message}`);
}

/** Every use of an artifact: the setting, the embedder that applies there, the strategy. */
function usesOf({ routing, roles }: Config) {
  const own = { router: routing.router, embedder: routing.embedder, strategy: routing.strategy };
  return [
    own,
    ...Object.values(roles).map((role) => ({
      router: role.router ?? own.router,
      embedder: role.embedder ?? own.embedder,
      strategy: role.strategy ?? own.strategy,
    })),
  ];
}

/**
 * Checks that an artifact can be used as `setting` of a configuration.
 * @throws `artifact_invalid` when it knows none of the models, or no configured embedder gives its vectors.
 */
export function checkArtifact(setting: string, active: ActiveArtifact, config: Config, { models }: Catalog): void {
  if (coverage(active, models).known.length === 0) {
    throw invalid(
      setting,
      `it has learnt about none of the configured models: it knows ${someNames(active.models)}; configured are ${someNames(models.map(({ id }) => id))}; models[].as names a model as the artifact does`,
    );
  }
  const need = active.embedder;
  if (need === undefined) return;
  for (const { router, embedder } of usesOf(config)) {
    const mismatch = router === setting ? spaceMismatch(need, embedder) : undefined;
    if (mismatch !== undefined) throw invalid(setting, mismatch);
  }
}

/** Says of each embedder that is configured for artifacts, none of which reads vectors. Artifacts that are not there are left out. */
export function unreadEmbedders(
  config: Pick<Config, 'routing' | 'roles'>,
  artifacts: ReadonlyMap<string, Pick<ActiveArtifact, 'needs'>>,
): string[] {
  return embedderUses(config).flatMap(({ path, embedder, routers }) => {
    const found = routers.flatMap((router) => artifacts.get(router) ?? []);
    if (embedder.kind === 'hashed' || found.length === 0) return [];
    if (found.some(({ needs }) => needs.includes('embedding'))) return [];
    return [`${pathText(path)}: ${unreadNote(routers)}`];
  });
}

/** Puts artifacts to work on the models of a catalogue. */
export function workingArtifacts(
  artifacts: ReadonlyMap<string, ActiveArtifact>,
  config: Config,
  { models }: Catalog,
): ReadonlyMap<string, WorkingArtifact> {
  const working = new Map<string, WorkingArtifact>();
  for (const [setting, active] of artifacts) {
    const { sample, outputTokens } = active;
    const calibration = sample === undefined ? undefined : createCalibration({ models: active.models, sample }, models);
    working.set(setting, {
      active,
      best: sample === undefined ? undefined : bestMeasured({ models: active.models, sample }, models),
      ...(outputTokens === undefined ? {} : { outputTokens }),
      ...(calibration === undefined ? {} : { calibration }),
    });
  }
  if (working.size === 0) return working;
  // The first request should not have to wait for it.
  for (const { router, strategy } of usesOf(config)) working.get(router)?.calibration?.of(strategyOf(strategy), models);
  return working;
}

/** What an artifact says of the configured models, for people. */
export interface ArtifactSummary {
  /** The router's name. */
  readonly router: string;
  readonly version: string;
  /** Queries it was trained on. */
  readonly rows: number;
  /** Past queries from which strategies compute what a dollar is worth. */
  readonly sampleRows: number;
  /** Ids of configured models that it has learnt about. */
  readonly knows: readonly string[];
  /** Ids of the others: their declared quality is used. */
  readonly unknown: readonly string[];
}

/** Summarises an artifact for the models of a catalogue. */
export function summariseArtifact(active: ActiveArtifact, { models }: Pick<Catalog, 'models'>): ArtifactSummary {
  const { known, unknown } = coverage(active, models);
  return {
    router: active.router.name,
    version: active.version,
    rows: active.rows,
    sampleRows: active.sample?.rows ?? 0,
    knows: known.map(({ id }) => id),
    unknown: unknown.map(({ id }) => id),
  };
}
