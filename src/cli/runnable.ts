import { renderUsage, runCommand, type ArgsDef, type CommandDef } from 'citty';
import { stripVTControlCharacters } from 'node:util';
import { SignalboxError } from '../errors.ts';
import { checkArguments } from './check-arguments.ts';

/** A command whatever its arguments are. */
export interface Runnable {
  /** Help for what the arguments name. */
  usage(rawArgs: readonly string[]): Promise<string>;
  run(rawArgs: readonly string[]): Promise<unknown>;
}

/** One command, `signalbox <parent> <name>`. */
export function runnable<T extends ArgsDef>(command: CommandDef<T>, parent = ''): Runnable {
  const name = `signalbox${parent === '' ? '' : ` ${parent}`}`;
  const above: CommandDef<T> = { meta: { name } };
  return {
    async usage() {
      const text = await renderUsage(command, above);
      return process.stdout.isTTY ? text : stripVTControlCharacters(text);
    },
    async run(rawArgs) {
      const args = await (typeof command.args === 'function' ? command.args() : command.args);
      const meta = await (typeof command.meta === 'function' ? command.meta() : command.meta);
      checkArguments(`${name} ${meta?.name ?? ''}`, args ?? {}, rawArgs);
      return (await runCommand(command, { rawArgs: [...rawArgs] })).result;
    },
  };
}

/** Commands under one name; without a word of theirs the default one runs. */
export function group(name: string, commands: Readonly<Record<string, Runnable>>, standard: string): Runnable {
  const pick = (rawArgs: readonly string[]): readonly [Runnable, readonly string[]] => {
    const [word = '', ...rest] = rawArgs;
    const named = Object.hasOwn(commands, word) ? commands[word] : undefined;
    if (named !== undefined) return [named, rest];
    const fallback = commands[standard];
    if (fallback === undefined || (word !== '' && !word.startsWith('-'))) {
      throw new SignalboxError(
        'invalid_request',
        `there is no "${name} ${word.slice(0, 40)}"; there are ${Object.keys(commands).join(', ')}`,
      );
    }
    return [fallback, rawArgs];
  };
  return {
    async usage(rawArgs) {
      const [command, rest] = pick(rawArgs);
      const others = `signalbox ${name} ${Object.keys(commands).join('|')} (default: ${standard})`;
      return `${others}\n\n${await command.usage(rest)}`;
    },
    async run(rawArgs) {
      const [command, rest] = pick(rawArgs);
      return command.run(rest);
    },
  };
}
