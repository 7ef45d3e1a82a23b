import { Chart } from './chart.tsx';
import { usd, whole } from './format.ts';
import { series, window, WINDOWS } from './store.ts';

/** Every step of the window, so that quiet times show as such. */
function steps(): number[] {
  const { ms, step } = WINDOWS[window.value];
  const first = Math.floor((Date.now() - ms) / step) * step;
  return Array.from({ length: Math.floor(ms / step) + 1 }, (_, i) => first + i * step);
}

export function Charts() {
  const starts = steps();
  const byStart = new Map(series.value.map((row) => [row.start, row]));
  const rows = starts.map((start) => byStart.get(start));
  const x = starts.map((start) => start / 1000);
  const each = { minute: 'minute', hour: 'hour', day: 'day' }[WINDOWS[window.value].bucket];
  return (
    <section class="charts" aria-label="Over time">
      <Chart
        title={`Requests per ${each}`}
        x={x}
        format={whole}
        lines={[
          { label: 'requests', color: '--blue', values: rows.map((row) => row?.requests ?? 0) },
          { label: 'failed', color: '--red', values: rows.map((row) => row?.failed ?? 0) },
        ]}
      />
      <Chart
        title={`Spend per ${each}`}
        x={x}
        format={usd}
        lines={[{ label: 'USD', color: '--amber', values: rows.map((row) => row?.costUsd ?? 0) }]}
      />
      <Chart
        title={`Saved against the default model per ${each} (counterfactual)`}
        x={x}
        format={usd}
        lines={[{ label: 'USD', color: '--green', values: rows.map((row) => row?.savingsUsd ?? 0) }]}
      />
      <Chart
        title="Added latency, milliseconds"
        x={x}
        format={(value) => `${Number(value.toFixed(2))} ms`}
        lines={[
          { label: 'p50', color: '--blue', values: rows.map((row) => row?.overheadMs.p50 ?? null) },
          { label: 'p95', color: '--violet', values: rows.map((row) => row?.overheadMs.p95 ?? null) },
        ]}
      />
    </section>
  );
}
