import { buildCatalog } from '../catalog/build.ts';
import { priceTrouble, type PriceTrouble } from '../catalog/price-age.ts';
import { isZone } from '../calendar.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { openStore } from '../ledger/open-store.ts';
import type { Store } from '../ledger/store.ts';
import { USAGE_PERIODS, type ReportQuery } from '../ledger/usage-report.ts';
import { momentIn } from './moments.ts';
import { findSource, SOURCE_ARGS, type SourceArgs } from './source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Windows that end now, milliseconds; those of the calendar are {@link USAGE_PERIODS}. */
const LENGTHS: Readonly<Record<string, number>> = {
  hour: HOUR_MS,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
};
const WINDOWS = [...USAGE_PERIODS, ...Object.keys(LENGTHS), 'all'];
const GROUPS = ['model', 'role', 'key', 'provider', 'user', 'tag'] as const;
const GROUP_NAMES: string[] = [...GROUPS];

export const STRETCH_ARGS = {
  since: { type: 'string', description: 'From then on: a date, a time, or how long ago (7d)', valueHint: 'when' },
  until: { type: 'string', description: 'Until then, that moment excluded; default: now', valueHint: 'when' },
  zone: { type: 'string', default: 'UTC', description: 'Time zone of days, weeks and months, such as Europe/Berlin' },
} as const;

export const WINDOW_ARGS = {
  ...SOURCE_ARGS,
  window: {
    type: 'enum',
    options: WINDOWS,
    default: '7d',
    description: 'How far back; today, week and month are the calendar’s, with what they will come to',
  },
  ...STRETCH_ARGS,
  by: { type: 'enum', options: GROUP_NAMES, default: 'model', description: 'What to group by' },
} as const;

function refused(message: string): SignalboxError {
  return new SignalboxError('invalid_request', message);
}

export function zoneOf(zone: string): string {
  if (isZone(zone)) return zone;
  throw refused(`--zone takes a time zone such as Europe/Berlin; there is none called "${zone.slice(0, 60)}"`);
}

/** Epoch milliseconds of `2026-11-01` (a midnight in `zone`), `2026-11-01T10:00:00Z`, or `7d` before `now`. */
export function momentOf(text: string, name: string, zone: string, now: number): number {
  const at = momentIn(text, zone, now, -1);
  if (at !== undefined) return at;
  throw refused(`--${name} takes 2026-11-01, 2026-11-01T10:00:00Z or 7d, not "${text.slice(0, 40)}"`);
}

export interface StretchArgs {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly zone: string;
}

/** The stretch of time that the arguments name; `since` where they name no beginning. */
export function stretchOf(
  args: StretchArgs,
  now: number,
  since: number,
): { since: number; until: number; zone: string } {
  const zone = zoneOf(args.zone);
  const from = args.since === undefined ? since : momentOf(args.since, 'since', zone, now);
  const until = args.until === undefined ? now + 1 : momentOf(args.until, 'until', zone, now);
  if (from >= until) {
    throw refused(
      from > now && args.until === undefined
        ? `--since ${args.since ?? ''} lies in the future: it is ${new Date(now).toISOString()} now`
        : '--since must lie before --until',
    );
  }
  return { since: from, until, zone };
}

/** What the arguments ask for. */
export function queryOf(
  args: StretchArgs & { readonly window: string; readonly by: string },
  now: number,
): ReportQuery & { readonly zone: string } {
  const by = GROUPS.find((name) => name === args.by);
  if (by === undefined || !WINDOWS.includes(args.window)) {
    throw refused(`--window takes ${WINDOWS.join(', ')}; --by takes ${GROUPS.join(', ')}`);
  }
  const period = USAGE_PERIODS.find((name) => name === args.window);
  if (period !== undefined && args.since === undefined && args.until === undefined) {
    return { period, by, zone: zoneOf(args.zone) };
  }
  const length = LENGTHS[args.window];
  return { by, ...stretchOf(args, now, length === undefined ? 0 : now - length) };
}

/** Works with the ledger that the arguments mean, and with the configuration that names it. */
export async function withStore<T>(args: SourceArgs, work: (store: Store, config: Config) => Promise<T>): Promise<T> {
  const { config } = (await findSource(args)).loaded;
  const store = await openStore(config.storage.url, { clock: systemClock });
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}

/** The prices of today that nobody knows, and those that are old. */
export async function pricesNow(config: Config): Promise<PriceTrouble> {
  const { models } = await buildCatalog(config);
  return priceTrouble(models, config.prices.staleAfter, systemClock.now());
}
