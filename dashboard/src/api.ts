/** One request in a line, as `/router/v1/decisions` lists it and `/router/v1/events` sends it. */
export interface Activity {
  readonly id: string;
  readonly at: number;
  readonly requested: string;
  readonly model: string;
  readonly provider: string | null;
  readonly role: string | null;
  readonly strategy: string;
  readonly reason: string;
  readonly confidence: number;
  readonly status: string;
  readonly errorCode: string | null;
  readonly costUsd: number | null;
  readonly savingsUsd: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly ms: number | null;
  readonly overheadMs: number | null;
  readonly attempts: number;
  readonly fallback: boolean;
  readonly simulated: boolean;
}

/** Sums over requests. */
export interface UsageRow {
  readonly start: number;
  readonly group: string;
  readonly requests: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  readonly unpriced: number;
  readonly savingsUsd: number;
  readonly fallbacks: number;
  readonly overheadMs: { readonly mean: number; readonly p50: number; readonly p95: number };
}

export interface Stats {
  readonly version: string;
  readonly mode: string;
  readonly router: string;
  readonly strategy: string;
  readonly default: string;
  readonly simulated: boolean;
  readonly inFlight: number;
  readonly ledger: { readonly driver: string; readonly trouble: string | null };
}

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
  const response = await fetch(`../router/v1/${path}`, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`the gateway answered ${response.status} to ${path}`);
  return (await response.json()) as T;
}

/** What the page reads. */
export const api = {
  stats: () => get<Stats>('stats'),
  usage: async (query: UsageQuery) => {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return (await get<{ data: UsageRow[] }>(`usage?${search}`)).data;
  },
  latest: async (limit: number) => (await get<{ data: Activity[] }>(`decisions?limit=${limit}`)).data,
  details: (id: string) => get<Details>(`decisions/${encodeURIComponent(id)}`),
};
