#!/usr/bin/env node
import { VERSION } from '../version.ts';
import { exitCode, report } from './failure.ts';
import { runnable, type Runnable } from './runnable.ts';
import { harmless } from '../telemetry/harmless.ts';

/** Commands are loaded when they run, so that `--help` is quick. */
const COMMANDS: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Runnable> }>> = {
  demo: {
    about: 'See it work: simulated models, real HTTP, 300 checked tasks',
    load: async () => runnable((await import('./demo.ts')).demo),
  },
  init: {
    about: 'Write a signalbox.yaml for the keys in your environment',
    load: async () => runnable((await import('./init.ts')).init),
  },
  serve: { about: 'Run the gateway', load: async () => runnable((await import('./serve.ts')).serve) },
  route: {
    about: 'Explain which model a text would go to; calls nothing',
    load: async () => runnable((await import('./route.ts')).route),
  },
  models: {
    about: 'List models with prices and where the prices come from',
    load: async () => runnable((await import('./models.ts')).models),
  },
  usage: {
    about: 'Requests, tokens, cost and savings from the ledger',
    load: async () => (await import('./usage.ts')).usage,
  },
  keys: {
    about: 'Create, list, revoke and rotate keys of the gateway',
    load: async () => (await import('./keys.ts')).keys,
  },
  forget: {
    about: 'Forget prompts and names of a key, a session, an end user, or of some age',
    load: async () => runnable((await import('./forget.ts')).forgetCommand),
  },
  data: { about: 'Check, import and split routing datasets', load: async () => (await import('./data.ts')).data },
  train: {
    about: 'Learn from recorded outcomes: make an artifact to route with',
    load: async () => (await import('./train.ts')).trainCommand,
  },
  eval: {
    about: 'Prove what routers are worth on recorded outcomes',
    load: async () => (await import('./eval.ts')).evalCommand,
  },
  doctor: {
    about: 'Check the configuration, keys, providers and the ledger',
    load: async () => runnable((await import('./doctor.ts')).doctor),
  },
  config: { about: 'Check a configuration file', load: async () => (await import('./config.ts')).config },
  version: { about: 'Print the version', load: async () => runnable((await import('./version.ts')).version) },
};

const HELP = `Signalbox ${VERSION}: picks the right language model for each request, says why, and counts every cent.

Usage: signalbox <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`)
  .join('\n')}

Start here:
  signalbox demo                    no keys needed, nothing leaves this machine
  signalbox init && signalbox serve then point an OpenAI client at http://127.0.0.1:3456/v1

Every command takes --help and --json. Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration.
`;

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(
      `signalbox: there is no command "${harmless(name)}"; the commands are ${Object.keys(COMMANDS).join(', ')}\n`,
    );
    return 2;
  }
  const loaded = await command.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${await loaded.usage(rest.filter((word) => word !== '--help' && word !== '-h'))}\n`);
    return 0;
  }
  const result = await loaded.run(rest);
  return typeof result === 'number' ? result : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  report(error, process.argv.includes('--json'));
  process.exitCode = exitCode(error);
}
