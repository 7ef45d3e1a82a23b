import { parseArgs, renderUsage, runCommand, type ArgsDef, type CommandDef } from 'citty';
import { stripVTControlCharacters } from 'node:util';
import { nearestNames } from '../catalog/nearest.ts';
import { SignalboxError } from '../errors.ts';

/** A command whatever its arguments are. */
export interface Runnable {
  /** Help for what the arguments name. */
  usage(rawArgs: readonly string[]): Promise<string>;
  run(rawArgs: readonly string[]): Promise<unknown>;
}

/** One command, `signalbox <parent> <name>`. */
export function runnable<T extends ArgsDef>(command: CommandDef<T>, parent = ''): Runnable {
  const above: CommandDef<T> = { meta: { name: `signalbox${parent === '' ? '' : ` ${parent}`}` } };
  return {
    async usage() {
      const text = await renderUsage(command, above);
      return process.stdout.isTTY ? text : stripVTControlCharacters(text);
    },
    async run(rawArgs) {
      await checkOptions(command, rawArgs);
      return (await runCommand(command, { rawArgs: [...rawArgs] })).result;
    },
  };
}

/** As it is typed: `--config`, `-c`. */
function dashed(option: string): string {
  return option.length === 1 ? `-${option}` : `--${option}`;
}

/** Refuses what the command does not have: a misspelt option or a word too many must not be ignored. */
async function checkOptions<T extends ArgsDef>(command: CommandDef<T>, rawArgs: readonly string[]): Promise<void> {
  const args: ArgsDef = (await (typeof command.args === 'function' ? command.args() : command.args)) ?? {};
  const options = Object.entries(args).filter(([, { type }]) => type !== 'positional');
  const known = options.flatMap(([name, arg]) => [
    name,
    ...('alias' in arg ? [arg.alias ?? []].flat() : []),
    // What is on by itself can be turned off.
    ...(arg.type === 'boolean' && arg.default === true ? [`no-${name}`] : []),
  ]);
  const words = Object.entries(args).flatMap(([name, { type }]) => (type === 'positional' ? [`<${name}>`] : []));
  const has = [...words, ...known.map(dashed)].join(', ');
  for (const word of rawArgs) {
    if (word === '--') break;
    const name = /^--([^=]+)/.exec(word)?.[1] ?? /^-([a-z])/i.exec(word)?.[1];
    if (name === undefined || known.includes(name)) continue;
    const [near] = nearestNames(name, known);
    const advice = near === undefined ? `it has ${has}` : `did you mean ${dashed(near)}?`;
    const option = `${word.startsWith('--') ? '--' : '-'}${name.slice(0, 40)}`;
    throw new SignalboxError('invalid_request', `there is no option ${option}; ${advice}`);
  }
  if (words.length > 0) return;
  const [extra] = parseArgs([...rawArgs], args)._;
  if (extra === undefined) return;
  const advice =
    known.includes('config') && /\.(?:ya?ml|json)$/.test(extra)
      ? `did you mean --config ${extra}?`
      : `it takes options only: ${has}`;
  throw new SignalboxError('invalid_request', `there is no use for "${extra.slice(0, 80)}"; ${advice}`);
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
