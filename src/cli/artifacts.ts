import { resolve } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { LoadedConfig } from '../config/load.ts';
import { grouped } from '../decide/words.ts';
import {
  checkArtifact,
  someNames,
  summariseArtifact,
  unreadEmbedders,
  type ArtifactSummary,
} from '../flow/artifacts.ts';
import type { FeatureName } from '../routers/router.ts';
import { artifactPlace, artifactSettings, loadArtifact } from '../training/artifact-keeper.ts';

/** An artifact that a configuration names: what it says, or why it cannot be used. */
export type InspectedArtifact = { readonly setting: string } & (
  | { readonly summary: ArtifactSummary; readonly needs: readonly FeatureName[] }
  | { readonly error: string }
);

/** Looks at every artifact that a configuration names. */
export function inspectArtifacts(loaded: LoadedConfig, catalog: Catalog): Promise<InspectedArtifact[]> {
  const { config, base } = artifactPlace(loaded);
  return Promise.all(
    artifactSettings(config).map(async (setting): Promise<InspectedArtifact> => {
      try {
        const active = await loadArtifact(resolve(base, setting));
        checkArtifact(setting, active, loaded.config, catalog);
        return { setting, summary: summariseArtifact(active, catalog), needs: active.needs };
      } catch (error) {
        return { setting, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

/** What is to be said of embedders that no artifact reads. */
export function embedderNotes({ config }: LoadedConfig, inspected: readonly InspectedArtifact[]): string[] {
  return unreadEmbedders(config, new Map(inspected.flatMap((one) => ('error' in one ? [] : [[one.setting, one]]))));
}

/** What an artifact says, in words. */
export function artifactText({ router, version, rows, sampleRows, knows, unknown }: ArtifactSummary): string {
  const sample = sampleRows === 0 ? 'no sample to calibrate on' : `calibrated on ${grouped(sampleRows)}`;
  const missing = unknown.length === 0 ? '' : `; not ${someNames(unknown)}: taken as declared, else as 50 %`;
  return `${router}@${version}, trained on ${grouped(rows)} queries, ${sample}; knows ${someNames(knows)}${missing}`;
}
