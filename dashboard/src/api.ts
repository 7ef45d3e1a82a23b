import type { Activity } from '../../src/flow/activity.ts';
import type { Stats } from '../../src/flow/stats.ts';
import type { UsageRow } from '../../src/ledger/store.ts';

// What the management API sends is what these types say: one definition serves both sides.
export type { Activity, Stats, UsageRow };

export interface Details {
  readonly decision: {
    readonly ranking: readonly {
      readonly model: string;
      readonly quality: number;
      readonly stderr: number;
      readonly costUsd: number | null;
      readonly outputTokens: number;
    }[];
    readonly dropped: readonly { readonly model: string; readonly why: string; readonly detail: string }[];
    readonly reason: string;
    readonly flip?: string;
    readonly propensity: number;
    readonly versions: Readonly<Record<string, string>>;
  };
  readonly outcome: {
    readonly attempts: readonly {
      readonly model: string;
      readonly upstream: string;
      readonly status?: number;
      readonly failure?: string;
      readonly error?: string;
      readonly ms: number;
      readonly costUsd: number | null;
    }[];
  } | null;
}

export interface UsageQuery {
  readonly since: number;
  readonly until?: number;
  readonly bucket?: string;
  readonly by?: string;
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`../router/v1/${path}`, { headers: { accept: 'application/json' } }).catch(() => {
    throw new Error('The gateway does not answer; trying again. What is shown is from before.');
  });
  // The login has ended, or its key: the gateway shows the form in the page's place.
  if (response.status === 401) location.reload();
  if (!response.ok) throw new Error(`the gateway answered ${response.status} to ${path}`);
  return (await response.json()) as T;
}

/** Who looks at the page. */
export interface Caller {
  readonly name: string | null;
  readonly by: 'key' | 'login' | 'none';
}

/** Ends the login; the gateway then shows its form. */
export async function logOut(): Promise<void> {
  await fetch('logout', { method: 'POST' });
  location.reload();
}

/** What the page reads. */
export const api = {
  caller: () => get<Caller>('key'),
  stats: () => get<Stats>('stats'),
  usage: async (query: UsageQuery) => {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return (await get<{ data: UsageRow[] }>(`usage?${search}`)).data;
  },
  latest: async (limit: number) => (await get<{ data: Activity[] }>(`decisions?limit=${limit}`)).data,
  details: (id: string) => get<Details>(`decisions/${encodeURIComponent(id)}`),
};
