import { SignalboxError } from '../../errors.ts';

/** Where in a data file something stands. */
export interface Place {
  /** The path as the user wrote it. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

const SHOWN = 60;

/** A value for a message: short, on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** `dataset_invalid`, beginning with file and line. */
export function invalidAt({ file, line }: Place, message: string, cause?: unknown): SignalboxError {
  return new SignalboxError('dataset_invalid', `${file}:${line}: ${message}`, { cause });
}

/** The name of a data file without its folder and endings: `a/set.jsonl.gz` is `set`. */
export function stemOf(file: string): string {
  const name = file.split(/[/\\]/).at(-1) ?? file;
  return name.replace(/\.gz$/i, '').replace(/\.(?:jsonl|ndjson|json|csv)$/i, '');
}
