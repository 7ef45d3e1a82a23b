import type { ConfigPath, ConfigProblem } from './problem.ts';

/** A key that is understood and checked, but that this version does not act on. */
interface IdleKey {
  /** `*` stands for any name. */
  readonly path: string;
  /** What happens instead. */
  readonly instead: string;
}

const IDLE: readonly IdleKey[] = [
  { path: 'routing.strategy.keepQuality.confidence', instead: 'predicted qualities are compared at their means' },
  { path: 'roles.*.strategy.keepQuality.confidence', instead: 'predicted qualities are compared at their means' },
  { path: 'roles.*.taxonomy', instead: 'it is not read' },
];

interface Written {
  readonly path: ConfigPath;
  readonly value: unknown;
}

/** What was written, rather than filled in, at a key. */
function writtenAt(input: unknown, path: string): Written[] {
  let found: Written[] = [{ path: [], value: input }];
  for (const part of path.split('.')) {
    found = found.flatMap(({ path: at, value }) =>
      typeof value !== 'object' || value === null
        ? []
        : Object.entries(value)
            .filter(([name]) => part === '*' || part === name)
            .map(([name, inner]: [string, unknown]) => ({ path: [...at, name], value: inner })),
    );
  }
  return found.filter(({ value }) => value !== undefined && value !== null);
}

/** Keys of a written configuration that this version does not act on. */
export function notYetInEffect(input: unknown): ConfigProblem[] {
  return IDLE.flatMap(({ path, instead }) =>
    writtenAt(input, path).map((written) => ({ path: written.path, message: `${instead} (not yet in effect)` })),
  );
}

/** What the reference says about a key, or the keys in it that have no row of their own; empty for a key that works. */
export function effectNote(path: string, inner: boolean): string {
  for (const idle of IDLE) {
    if (idle.path === path) return `Not yet in effect: ${idle.instead}`;
    if (path.startsWith(`${idle.path}.`)) return 'Not yet in effect';
    if (inner && idle.path.startsWith(`${path}.`)) {
      return `\`${idle.path.slice(path.length + 1)}\` is not yet in effect: ${idle.instead}`;
    }
  }
  return '';
}
