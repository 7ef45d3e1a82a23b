import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';
import type { Reading } from './exposition.ts';
import type { ReloadStatus } from './reloads.ts';
import { createCounter, createHistogram } from './totals.ts';

/** What the metrics read of a request that has ended. */
export interface CountedRequest {
  readonly model: string;
  readonly provider: string | null;
  readonly role: string | null;
  readonly dialect: string;
  readonly status: string;
  readonly errorCode: string | null;
  readonly costUsd: number | null;
  readonly savingsUsd: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly ms: number | null;
  readonly firstByteMs: number | null;
  readonly overheadMs: number | null;
  readonly attempts: number;
  readonly fallback: boolean;
  readonly cached: boolean;
}

/** What is read when somebody looks. */
export interface Gauges {
  readonly inFlight: number;
  readonly journalWaiting: number;
  readonly journalLost: number;
  readonly ledgerBehindBytes: number;
  readonly storeTrouble: boolean;
  readonly stateTrouble: boolean;
  readonly reload: ReloadStatus;
  /** Upstreams. */
  readonly pricesUnknown: number;
  readonly pricesStale: number;
  /** Share of each budget that is spent or reserved, by whose it is. */
  readonly budgets: readonly (readonly [budget: string, used: number])[];
}

/** What one process has counted, for another to sum up. */
export type MetricsReport = MetricObjectWithValues<MetricValue<string>>[];

/** Prometheus metrics of one engine. */
export interface Metrics {
  request(activity: CountedRequest): void;
  /** A request was turned away before anything was decided or called. */
  refused(code: string): void;
  /** A decision was made in `ms` milliseconds. */
  decision(reasonCode: string, ms: number): void;
  /** A request was routed without its vector. */
  embedderMissed(why: string): void;
  /** Where the gauges come from. */
  observe(read: () => Gauges): void;
  text(): Promise<string>;
  report(): Promise<MetricsReport>;
  readonly contentType: string;
  /** Name, type, labels and help of every metric: `docs/reference/metrics.md` is made from it. */
  describe(): Promise<
    { readonly name: string; readonly type: string; readonly help: string; readonly labels: string }[]
  >;
}

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05];
const DECIDE_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01];

const LABELS = {
  signalbox_requests_total: ['model', 'provider', 'role', 'dialect', 'status'],
  signalbox_errors_total: ['code'],
  signalbox_refused_total: ['code'],
  signalbox_cached_total: ['model'],
  signalbox_decisions_total: ['reason'],
  signalbox_embedder_missed_total: ['why'],
  signalbox_attempts_total: ['model'],
  signalbox_fallbacks_total: ['model'],
  signalbox_tokens_total: ['model', 'direction'],
  signalbox_cost_usd_total: ['model'],
  signalbox_savings_usd_total: ['model'],
  signalbox_request_seconds: ['model'],
  signalbox_first_byte_seconds: ['model'],
  signalbox_overhead_seconds: [],
  signalbox_decide_seconds: [],
  signalbox_reload_refused: ['what'],
  signalbox_budget_used_ratio: ['budget'],
} as const satisfies Record<string, readonly string[]>;
type Labelled = keyof typeof LABELS;

function createInstruments() {
  const counter = (name: Labelled, help: string) => createCounter({ name, help, labelNames: LABELS[name] });
  const histogram = (name: Labelled, help: string, bounds: readonly number[]) =>
    createHistogram({ name, help, labelNames: LABELS[name], bounds });
  const counters = {
    requests: counter('signalbox_requests_total', 'Requests that have ended, by how they ended'),
    errors: counter('signalbox_errors_total', 'Requests that ended with an error, by its code'),
    refused: counter('signalbox_refused_total', 'Requests turned away before anything was called, by error code'),
    cached: counter('signalbox_cached_total', 'Requests whose answer was made for another one'),
    decisions: counter('signalbox_decisions_total', 'Decisions, by reason code'),
    embedderMissed: counter(
      'signalbox_embedder_missed_total',
      'Requests that were routed without their vector, by the warning they got',
    ),
    attempts: counter('signalbox_attempts_total', 'Upstream calls, by the model that answered or was chosen'),
    fallbacks: counter('signalbox_fallbacks_total', 'Requests answered by another model than the chosen one'),
    tokens: counter('signalbox_tokens_total', 'Tokens; direction is input or output'),
    cost: counter('signalbox_cost_usd_total', 'USD spent, as far as prices are known'),
    savings: counter(
      'signalbox_savings_usd_total',
      'Counterfactual: USD that the same tokens would have cost more on the default model; negative savings are not counted',
    ),
  };
  const histograms = {
    seconds: histogram('signalbox_request_seconds', 'Time from ingress to the end of the answer', SECONDS),
    firstByte: histogram('signalbox_first_byte_seconds', 'Time from ingress to the first byte of the answer', SECONDS),
    overhead: histogram(
      'signalbox_overhead_seconds',
      'Time that Signalbox itself added to a request',
      OVERHEAD_SECONDS,
    ),
    decide: histogram('signalbox_decide_seconds', 'Time that a decision took', DECIDE_SECONDS),
  };
  return { counters, histograms };
}

const NOTHING: Gauges = {
  inFlight: 0,
  journalWaiting: 0,
  journalLost: 0,
  ledgerBehindBytes: 0,
  storeTrouble: true,
  stateTrouble: false,
  reload: { config: null, artifact: null },
  pricesUnknown: 0,
  pricesStale: 0,
  budgets: [],
};

function createReadings(now: () => Gauges): Reading[] {
  const reading = (name: string, over: Reading['over'], help: string, of: (gauges: Gauges) => number): Reading => ({
    name,
    over,
    help,
    labelNames: [],
    read: () => [{ labels: [], value: of(now()) }],
  });
  return [
    reading('signalbox_requests_in_flight', 'sum', 'Requests that are open now', (gauges) => gauges.inFlight),
    reading(
      'signalbox_journal_waiting_records',
      'sum',
      'Records that wait in memory because the disk refuses them',
      (gauges) => gauges.journalWaiting,
    ),
    reading(
      'signalbox_journal_lost_records',
      'sum',
      'Records that could not be kept since the start',
      (gauges) => gauges.journalLost,
    ),
    reading(
      'signalbox_ledger_behind_bytes',
      'max',
      'Bytes of journal that the store does not have yet',
      (gauges) => gauges.ledgerBehindBytes,
    ),
    reading('signalbox_store_up', 'min', '1 while the store takes what the journal holds, else 0', (gauges) =>
      gauges.storeTrouble ? 0 : 1,
    ),
    reading(
      'signalbox_state_shared',
      'min',
      '1 while limits, sessions and health are shared as configured, 0 while this process counts alone',
      (gauges) => (gauges.stateTrouble ? 0 : 1),
    ),
    reading(
      'signalbox_prices_unknown',
      'max',
      'Upstreams whose price nobody knows: their cost is counted as unknown',
      (gauges) => gauges.pricesUnknown,
    ),
    reading(
      'signalbox_prices_stale',
      'max',
      'Upstreams whose published price is older than prices.staleAfter',
      (gauges) => gauges.pricesStale,
    ),
    {
      name: 'signalbox_budget_used_ratio',
      over: 'max',
      help: 'Share of the budget of this period that is spent or reserved, as last seen',
      labelNames: LABELS.signalbox_budget_used_ratio,
      read: () => now().budgets.map(([budget, value]) => ({ labels: [budget], value })),
    },
    {
      name: 'signalbox_reload_refused',
      over: 'max',
      help: '1 while the newest file is refused and the one before stays in use, else 0; what is config or artifact',
      labelNames: LABELS.signalbox_reload_refused,
      read: () =>
        Object.entries(now().reload).map(([what, refusal]) => ({ labels: [what], value: refusal === null ? 0 : 1 })),
    },
  ];
}

/** The text format that prom-client writes: https://prometheus.io/docs/instrumenting/exposition_formats */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Creates the metrics of one engine. Model names that `known` does not know share one label: callers can make them up. */
export function createMetrics({ known }: { readonly known: (model: string) => boolean }): Metrics {
  const { counters, histograms } = createInstruments();
  let read = () => NOTHING;
  let exposed: Promise<Registry> | undefined;
  // prom-client brings half of OpenTelemetry along, and many a gateway is never scraped.
  const registry = () =>
    (exposed ??= import('./exposition.ts').then(({ expose }) =>
      expose({
        counters: Object.values(counters),
        histograms: Object.values(histograms),
        readings: createReadings(() => read()),
      }),
    ));
  return {
    request(activity) {
      const { status, dialect, costUsd, savingsUsd, ms, firstByteMs, overheadMs } = activity;
      const model = known(activity.model) ? activity.model : 'other';
      const labels = [model];
      counters.requests.add([model, activity.provider ?? '', activity.role ?? '', dialect, status], 1);
      if (activity.errorCode !== null) counters.errors.add([activity.errorCode], 1);
      if (activity.attempts > 0) counters.attempts.add(labels, activity.attempts);
      if (activity.cached) counters.cached.add(labels, 1);
      if (activity.fallback) counters.fallbacks.add(labels, 1);
      counters.tokens.add([model, 'input'], activity.inputTokens ?? 0);
      counters.tokens.add([model, 'output'], activity.outputTokens ?? 0);
      if (costUsd !== null) counters.cost.add(labels, costUsd);
      if (savingsUsd !== null) counters.savings.add(labels, Math.max(0, savingsUsd));
      if (ms !== null) histograms.seconds.observe(labels, ms / 1000);
      if (firstByteMs !== null) histograms.firstByte.observe(labels, firstByteMs / 1000);
      if (overheadMs !== null) histograms.overhead.observe([], overheadMs / 1000);
    },
    decision(reasonCode, ms) {
      counters.decisions.add([reasonCode], 1);
      histograms.decide.observe([], ms / 1000);
    },
    refused: (code) => counters.refused.add([code], 1),
    embedderMissed: (why) => counters.embedderMissed.add([why], 1),
    observe: (source) => void (read = source),
    text: async () => (await registry()).metrics(),
    report: async () => (await registry()).getMetricsAsJSON(),
    contentType: CONTENT_TYPE,
    async describe() {
      const all = await (await registry()).getMetricsAsJSON();
      return all.map(({ name, type, help }) => ({
        name,
        type: String(type),
        help,
        labels: name in LABELS ? LABELS[name as Labelled].join(', ') : '',
      }));
    },
  };
}
