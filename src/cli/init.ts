import { defineCommand } from 'citty';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { digestOf, makeKey } from '../access/key-form.ts';
import { detectConfig } from '../config/detect.ts';
import { SignalboxError } from '../errors.ts';
import { PRESETS } from '../providers/presets.ts';
import { print, printJson } from './print.ts';
import { probe } from './probe.ts';

const TEMPLATE = {
  providers: { openai: { kind: 'openai', apiKey: '${OPENAI_API_KEY}' } },
  models: [
    { id: 'fast', provider: 'openai', model: 'gpt-4o-mini', quality: 0.7 },
    { id: 'smart', provider: 'openai', model: 'gpt-4o', quality: 0.85 },
  ],
  routing: { strategy: 'balanced', default: 'smart' },
};

const HEAD = `# Signalbox. Every key is explained in docs/reference/config.md; "signalbox config check" checks this file.
# quality is your own estimate of a model's share of good answers, 0..1: the router starts from it.
`;

/** Everyone needs a key, and this is the first one. */
function closedTo(key: string) {
  return { mode: 'required', keys: [{ name: 'admin', sha256: digestOf(key).toString('hex'), admin: true }] };
}

export const init = defineCommand({
  meta: { name: 'init', description: 'Write a signalbox.yaml for the keys in the environment and a local Ollama' },
  args: {
    out: { type: 'string', default: 'signalbox.yaml', description: 'Where to write', valueHint: 'file' },
    force: { type: 'boolean', description: 'Replace an existing file' },
    'admin-key': {
      type: 'boolean',
      description: 'Require keys, and make an administrator’s: it is shown once, its SHA-256 is written',
    },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const { config, found, unused } = await detectConfig({ env: process.env, probe, hosts: PRESETS });
    const path = resolve(args.out);
    const adminKey = args['admin-key'] === true ? makeKey() : undefined;
    const auth = adminKey === undefined ? {} : { auth: closedTo(adminKey) };
    const text = HEAD + stringify({ ...(config ?? TEMPLATE), ...auth }, { lineWidth: 120 });
    try {
      await writeFile(path, text, { flag: args.force === true ? 'w' : 'wx', mode: 0o600 });
    } catch (cause) {
      const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
      const why = exists
        ? 'it exists already; --force replaces it'
        : cause instanceof Error
          ? cause.message
          : String(cause);
      throw new SignalboxError('config_invalid', `cannot write ${args.out}: ${why}`, { cause });
    }
    if (args.json === true) return printJson({ path, found, unused, ...(adminKey === undefined ? {} : { adminKey }) });
    print(
      `wrote ${args.out}`,
      found.length === 0
        ? '  found no key that it can use: it names OPENAI_API_KEY; set it or edit the file'
        : `  found ${found.join(', ')}`,
      ...unused.map((key) => `  not used: ${key}`),
      ...(adminKey === undefined
        ? []
        : [
            '',
            `  ${adminKey}`,
            '',
            '  is the administrator’s key, shown now and never again: for the page, and for keys ("signalbox keys create …")',
          ]),
      '  next: signalbox config check, signalbox doctor, signalbox serve',
    );
  },
});
