const UNIT_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/y;

const isUnit = (unit: string | undefined): unit is keyof typeof UNIT_MS => unit !== undefined && unit in UNIT_MS;

/** Milliseconds of a duration as Go writes it, `6m0s` or `20ms`; undefined for anything else. */
export function goDuration(text: string): number | undefined {
  let total = 0;
  PART.lastIndex = 0;
  let end = 0;
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    const [, number, unit] = part;
    if (!isUnit(unit)) return undefined;
    total += Number(number) * UNIT_MS[unit];
    end = PART.lastIndex;
  }
  return end > 0 && end === text.length ? total : undefined;
}
