import type { Config } from '../config/schema.ts';

/** What follows from `callerKey: true`, a line per provider. */
export function callerKeyNotes({ providers }: Pick<Config, 'providers'>): string[] {
  return Object.entries(providers).flatMap(([name, { callerKey }]) =>
    callerKey
      ? [
          `provider "${name}" is called with each caller’s own key: there is none to check, and whoever brings none cannot use its models`,
        ]
      : [],
  );
}
