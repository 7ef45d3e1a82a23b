import { computed, signal } from '@preact/signals';
import { api, type Activity, type Caller, type Stats, type UsageRow } from './api.ts';
import { moment } from './format.ts';
import { followRequests, type LiveState } from './live.ts';

/** Stretches of time that the page shows. */
export const WINDOWS = {
  hour: { title: 'last hour', ms: 3_600_000, bucket: 'minute', step: 60_000 },
  day: { title: 'last 24 hours', ms: 86_400_000, bucket: 'hour', step: 3_600_000 },
  month: { title: 'last 30 days', ms: 30 * 86_400_000, bucket: 'day', step: 86_400_000 },
} as const;
export type WindowName = keyof typeof WINDOWS;

const SHOWN = 100;
const REFRESH_MS = 2000;

export const caller = signal<Caller | null>(null);
export const stats = signal<Stats | null>(null);
export const series = signal<readonly UsageRow[]>([]);
export const models = signal<readonly UsageRow[]>([]);
export const total = signal<UsageRow | null>(null);
export const decisions = signal<readonly Activity[]>([]);
export const live = signal<LiveState>('connecting');
export const failure = signal<string | null>(null);
export const window = signal<WindowName>('hour');
/** What stands above everything else. */
export const troubles = computed<readonly string[]>(() => {
  const { ledger, reload } = stats.value ?? {};
  return [
    failure.value,
    refusal('configuration', reload?.config),
    refusal('artifact', reload?.artifact),
    ledger?.trouble,
  ].flatMap((trouble) => trouble ?? []);
});
export const simulated = computed(() => stats.value?.simulated === true);

function refusal(what: string, refused: Stats['reload']['config'] | undefined): string | null {
  if (refused === null || refused === undefined) return null;
  return `The newest ${what} is refused since ${moment(refused.refusedAt)}; the one before stays in use.\n${refused.error}`;
}

async function refresh(): Promise<void> {
  const { ms, bucket, step } = WINDOWS[window.value];
  // Whole steps, so that the oldest one is not half.
  const since = Math.floor((Date.now() - ms) / step) * step;
  try {
    const [now, byTime, byModel, all] = await Promise.all([
      api.stats(),
      api.usage({ since, bucket }),
      api.usage({ since, by: 'model' }),
      api.usage({ since }),
    ]);
    stats.value = now;
    series.value = byTime;
    models.value = byModel;
    total.value = all[0] ?? null;
    failure.value = null;
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

function merge(fresh: readonly Activity[]): void {
  const known = new Map([...decisions.value, ...fresh].map((row) => [row.id, row]));
  decisions.value = [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, SHOWN);
}

/** Shows another stretch of time. */
export function showWindow(name: WindowName): void {
  window.value = name;
  void refresh();
}

/** Starts to read and to follow the gateway. */
export function start(): void {
  const again = () => void refresh().finally(() => setTimeout(again, REFRESH_MS));
  again();
  api.caller().then(
    (found) => (caller.value = found),
    () => {},
  );
  followRequests(
    (state) => {
      live.value = state;
      // What settled while nobody listened.
      if (state === 'live') api.latest(SHOWN).then(merge, () => {});
    },
    (activity) => merge([activity]),
  );
}
