import type { DataSource } from '../dataset/source.ts';

/** Where an evaluation comes from, so that it can be made again. */
export interface Origin {
  /** Signalbox's. */
  readonly version: string;
  /** When it was made, milliseconds since 1970. */
  readonly at: number;
  /** Options of the command with their values, as it was told or by default. */
  readonly options: Readonly<Record<string, string>>;
  readonly train: readonly DataSource[];
  readonly data: readonly DataSource[];
}

/** `2026-11-25 09:30 UTC`. */
function minuteOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Parts of one line: what made it and when, the options, each file. */
export function originParts({ version, at, options, train, data }: Origin): string[] {
  const file =
    (role: string) =>
    ({ name, rows, sha256 }: DataSource): string =>
      `${role} ${name}: ${rows} rows, SHA-256 ${sha256}`;
  const words = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  return [
    `Signalbox ${version}, ${minuteOf(at)}`,
    ...(words.length === 0 ? [] : [words.join(' ')]),
    ...train.map(file('learnt on')),
    ...data.map(file('judged on')),
  ];
}

/** An origin as JSON: the time as an ISO date. */
export function originJson({ at, ...origin }: Origin): object {
  return { ...origin, at: new Date(at).toISOString() };
}
