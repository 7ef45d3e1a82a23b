import { defineCommand } from 'citty';
import { buildCatalog } from '../catalog/build.ts';
import type { LoadedConfig } from '../config/load.ts';
import { embeddersOf } from '../config/references.ts';
import { embedderNotes, inspectArtifacts } from './artifacts.ts';
import { print, printJson } from './print.ts';
import { group, runnable } from './runnable.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

/** Embedders that no artifact of the configuration reads; artifacts are looked at only where there is an embedder. */
async function unreadEmbedderNotes(loaded: LoadedConfig): Promise<string[]> {
  if (embeddersOf(loaded.config).length === 0) return [];
  return embedderNotes(loaded, await inspectArtifacts(loaded, await buildCatalog(loaded.config)));
}

const check = defineCommand({
  meta: { name: 'check', description: 'Check a configuration: every problem with its line and column' },
  args: {
    file: { type: 'positional', required: false, description: 'Path (default: signalbox.yaml here)' },
    ...SOURCE_ARGS,
  },
  async run({ args }) {
    const config = args.file ?? args.config;
    const { loaded, from } = await findSource({ ...args, ...(config === undefined ? {} : { config }) });
    const warnings = [...loaded.warnings.map(({ message }) => message), ...(await unreadEmbedderNotes(loaded))];
    if (args.json === true) return printJson({ ok: true, from, version: loaded.version, warnings });
    print(
      `${from}: ok (models: ${loaded.config.models.length}, providers: ${Object.keys(loaded.config.providers).length}, version ${loaded.version})`,
      ...warnings.map((message) => `  note: ${message}`),
    );
  },
});

export const config = group('config', { check: runnable(check, 'config') }, 'check');
