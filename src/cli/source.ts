import { checkedConfig, checkedFile } from '../checked.ts';
import { detectConfig } from '../config/detect.ts';
import { findConfig, type LoadedConfig } from '../config/load.ts';
import { SignalboxError } from '../errors.ts';
import { PRESETS } from '../providers/presets.ts';
import { probe } from './probe.ts';
import { simulatedConfig } from './simulated.ts';

/** Options that every command which needs a configuration has. */
export const SOURCE_ARGS = {
  config: {
    type: 'string',
    alias: 'c',
    description: 'Path of the configuration (default: signalbox.yaml here)',
    valueHint: 'file',
  },
  simulated: { type: 'boolean', description: 'Use simulated models: no keys, no network, no cost' },
  json: { type: 'boolean', description: 'Print JSON' },
} as const;

export interface SourceArgs {
  readonly config?: string | undefined;
  readonly simulated?: boolean | undefined;
}

/** A configuration and where it came from, in words. */
export interface Source {
  readonly loaded: LoadedConfig;
  readonly from: string;
}

const ADVICE = `no signalbox.yaml here, no provider key that can be used in the environment, and no Ollama on this machine. One of these helps:
  signalbox demo                 see it work with simulated models
  export OPENAI_API_KEY=…        then signalbox serve again
  signalbox init                 writes a signalbox.yaml to fill in
  signalbox serve --simulated    the gateway with simulated models; usage, models, doctor and route take --simulated, too`;

/**
 * The configuration that the arguments, the folder or the environment mean.
 * @throws `config_invalid` with every problem, or with advice when there is nothing to go by.
 */
export async function findSource(args: SourceArgs, env: NodeJS.ProcessEnv = process.env): Promise<Source> {
  if (args.simulated === true) {
    const config = simulatedConfig({ port: 3456, folder: '.signalbox/simulated' });
    return { loaded: await checkedConfig(config, env), from: 'simulated models' };
  }
  const path = args.config ?? (await findConfig(process.cwd()));
  if (path !== undefined) return { loaded: await checkedFile(path, env), from: path };
  const { config, found, unused } = await detectConfig({ env, probe, hosts: PRESETS });
  if (config === null) {
    throw new SignalboxError('config_invalid', [ADVICE, ...unused.map((key) => `not used: ${key}`)].join('\n'));
  }
  return { loaded: await checkedConfig(config, env), from: `detected: ${found.join(', ')}` };
}
