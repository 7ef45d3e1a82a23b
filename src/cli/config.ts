import { defineCommand } from 'citty';
import { foreseenRefusal } from '../access/bind.ts';
import { buildCatalog } from '../catalog/build.ts';
import { loadRedact } from '../flow/load-redact.ts';
import { adminKeyOf } from './admin-key.ts';
import { artifactText, embedderNotes, inspectArtifacts } from './artifacts.ts';
import { callerKeyNotes } from './caller-keys.ts';
import { print, printJson } from './print.ts';
import { group, runnable } from './runnable.ts';
import { findSource, SOURCE_ARGS } from './source.ts';

const check = defineCommand({
  meta: {
    name: 'check',
    description: 'Check a configuration and the artifacts it names: every problem with its line and column',
  },
  args: {
    file: { type: 'positional', required: false, description: 'Path (default: signalbox.yaml here)' },
    ...SOURCE_ARGS,
  },
  async run({ args }) {
    const config = args.file ?? args.config;
    const { loaded, from } = await findSource({ ...args, ...(config === undefined ? {} : { config }) });
    await loadRedact(loaded);
    const artifacts = await inspectArtifacts(loaded, await buildCatalog(loaded.config));
    const refusal = foreseenRefusal(loaded.config, await adminKeyOf(loaded));
    const errors = [
      ...(refusal === undefined ? [] : [refusal]),
      ...artifacts.flatMap((one) => ('error' in one ? [one.error] : [])),
    ];
    const ok = errors.length === 0;
    const warnings = [
      ...loaded.warnings.map(({ message }) => message),
      ...embedderNotes(loaded, artifacts),
      ...callerKeyNotes(loaded.config),
    ];
    if (args.json === true) printJson({ ok, from, version: loaded.version, errors, artifacts, warnings });
    else {
      print(
        `${from}: ${ok ? 'ok' : 'it cannot be used'} (models: ${loaded.config.models.length}, providers: ${Object.keys(loaded.config.providers).length}, version ${loaded.version})`,
        ...errors.map((message) => `  error: ${message}`),
        ...artifacts.flatMap((one) => ('error' in one ? [] : [`  ${one.setting}: ${artifactText(one.summary)}`])),
        ...warnings.map((message) => `  note: ${message}`),
      );
    }
    return ok ? 0 : 1;
  },
});

export const config = group('config', { check: runnable(check, 'config') }, 'check');
