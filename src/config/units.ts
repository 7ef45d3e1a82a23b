import { z } from 'zod';

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

function unit(units: Readonly<Record<string, number>>, example: string) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)(${Object.keys(units).join('|')})$`, 'i');
  const factors = new Map(Object.entries(units).map(([key, factor]) => [key.toLowerCase(), factor]));
  return z
    .string(`expected a number with a unit, such as ${example}`)
    .regex(pattern, `expected a number with a unit, such as ${example}`)
    .transform((text) => {
      const [, number, suffix] = pattern.exec(text) ?? [];
      return Math.round(Number(number) * (factors.get(suffix?.toLowerCase() ?? '') ?? Number.NaN));
    });
}

/** `250ms`, `5s`, `10m`, `1h`, `90d` → milliseconds. */
export const duration = unit(DURATION_MS, '250ms, 5s, 10m, 1h or 90d');

/** Milliseconds of a duration as {@link duration} takes it; null for any other text. */
export function durationOf(text: string): number | null {
  const { success, data } = duration.safeParse(text);
  return success ? data : null;
}

/** `512KB`, `32MB`, `1GB` → bytes (1 KB = 1024 bytes). */
export const bytes = unit(SIZE_BYTES, '512KB or 32MB');
