import { parseArgs, type ArgsDef } from 'citty';
import { nearestNames } from '../catalog/nearest.ts';
import { SignalboxError } from '../errors.ts';

/** As it is typed: `--config`, `-c`. */
function dashed(option: string): string {
  return option.length === 1 ? `-${option}` : `--${option}`;
}

function refused(message: string): SignalboxError {
  return new SignalboxError('invalid_request', message);
}

function optionsOf(args: ArgsDef): string[] {
  return Object.entries(args).flatMap(([name, arg]) =>
    arg.type === 'positional'
      ? []
      : [
          name,
          ...('alias' in arg ? [arg.alias ?? []].flat() : []),
          // What is on by itself can be turned off.
          ...(arg.type === 'boolean' && arg.default === true ? [`no-${name}`] : []),
        ],
  );
}

function checkOptions(known: readonly string[], has: string, rawArgs: readonly string[]): void {
  for (const word of rawArgs) {
    if (word === '--') break;
    const name = /^--([^=]+)/.exec(word)?.[1] ?? /^-([a-z])/i.exec(word)?.[1];
    if (name === undefined || known.includes(name)) continue;
    const [near] = nearestNames(name, known);
    const advice = near === undefined ? `it has ${has}` : `did you mean ${dashed(near)}?`;
    const option = `${word.startsWith('--') ? '--' : '-'}${name.slice(0, 40)}`;
    throw refused(`there is no option ${option}; ${advice}`);
  }
}

/** The same arguments, with any value and any word left out: what is wrong is said here, in words of this program. */
function lenient(args: ArgsDef): ArgsDef {
  return Object.fromEntries(
    Object.entries(args).map(([name, arg]) => {
      if (arg.type === 'positional') return [name, { ...arg, required: false }];
      return [name, arg.type === 'enum' ? { ...arg, type: 'string' } : arg];
    }),
  );
}

function checkChoice(name: string, options: readonly string[], value: unknown): void {
  if (typeof value !== 'string' || options.includes(value)) return;
  const [near] = nearestNames(value, options);
  const advice = near === undefined ? '' : `; did you mean "${near}"?`;
  throw refused(`--${name} takes ${options.join(', ')}, not "${value.slice(0, 40)}"${advice}`);
}

/**
 * Refuses what a command does not have: a misspelt option, a value that an option does not take, a word that is
 * missing, and words where it takes options only.
 *
 * @param command As it is typed: `signalbox keys create`.
 * @throws `invalid_request`
 */
export function checkArguments(command: string, args: ArgsDef, rawArgs: readonly string[]): void {
  const known = optionsOf(args);
  const words = Object.entries(args).flatMap(([name, arg]) => (arg.type === 'positional' ? [{ name, arg }] : []));
  const has = [...words.map(({ name }) => `<${name}>`), ...known.map(dashed)].join(', ');
  checkOptions(known, has, rawArgs);
  const parsed = parseArgs([...rawArgs], lenient(args));
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === 'enum') checkChoice(name, arg.options ?? [], parsed[name]);
  }
  const given = parsed._;
  const missing = words.find(({ arg }, i) => given[i] === undefined && arg.required !== false);
  if (missing !== undefined) {
    const form = words.map(({ name, arg }) => (arg.required === false ? `[${name}]` : `<${name}>`)).join(' ');
    throw refused(`<${missing.name}> is missing; write ${command} ${form}`);
  }
  const [extra] = given;
  if (words.length > 0 || extra === undefined) return;
  const advice =
    known.includes('config') && /\.(?:ya?ml|json)$/.test(extra)
      ? `did you mean --config ${extra}?`
      : `it takes options only: ${has}`;
  throw refused(`there is no use for "${extra.slice(0, 80)}"; ${advice}`);
}
