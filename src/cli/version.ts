import { defineCommand } from 'citty';
import { VERSION } from '../version.ts';
import { print, printJson } from './print.ts';

export const version = defineCommand({
  meta: { name: 'version', description: 'Print the version of Signalbox and of Node.js' },
  args: { json: { type: 'boolean', description: 'Print JSON' } },
  run({ args }) {
    if (args.json === true) printJson({ signalbox: VERSION, node: process.version });
    else print(`signalbox ${VERSION} (node ${process.version})`);
  },
});
