import { SignalboxError } from '../errors.ts';

/** Where a value stands in a configuration. */
export type ConfigPath = readonly (string | number)[];

/** Something wrong with one value. */
export interface ConfigProblem {
  readonly path: ConfigPath;
  readonly message: string;
  /** The path's last part is a key that should not be there: its own place is meant, not its value's. */
  readonly atKey?: boolean;
}

/** `models[1].price.input` */
export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = /^[\w$-]+$/.test(part) ? part : JSON.stringify(part);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** The error of a configuration with problems: one line each, `<place> <path>: <message>`. */
export function configError(lines: readonly string[], cause?: unknown): SignalboxError {
  return new SignalboxError('config_invalid', lines.join('\n'), cause === undefined ? {} : { cause });
}
