import type { ComponentChildren } from 'preact';
import { ms, percent, usd, whole } from './format.ts';
import { stats, total } from './store.ts';

function Tile({ id, title, value, note }: { id: string; title: string; value: string; note: ComponentChildren }) {
  return (
    <div class="panel tile" data-testid={`tile-${id}`}>
      <h2>{title}</h2>
      <strong>{value}</strong>
      <p>{note}</p>
    </div>
  );
}

/** What was saved, as a share of what would have been spent without. */
function compared(saved: number, without: number): string {
  const share = without > 0 ? saved / without : 0;
  if (share === 0) return '0 % less spent';
  return share < 0 ? `${percent(-share)} more spent` : `${percent(share)} less spent`;
}

export function Tiles() {
  const sums = total.value;
  const saved = sums?.savingsUsd ?? 0;
  const without = (sums?.costUsd ?? 0) + saved;
  const latency = sums?.overheadMs;
  return (
    <section class="tiles" aria-label="Totals">
      <Tile
        id="requests"
        title="Requests"
        value={whole(sums?.requests ?? 0)}
        note={`${whole(sums?.failed ?? 0)} failed, ${whole(sums?.fallbacks ?? 0)} by a fallback, ${stats.value?.inFlight ?? 0} open`}
      />
      <Tile
        id="spend"
        title="Spend"
        value={usd(sums?.costUsd ?? 0)}
        note={
          (sums?.unpriced ?? 0) > 0
            ? `${whole(sums?.unpriced ?? 0)} requests without a known price`
            : 'every request priced'
        }
      />
      <Tile
        id="savings"
        title="Saved (counterfactual)"
        value={usd(saved)}
        note={`the same tokens on ${stats.value?.default ?? 'the default'}: ${compared(saved, without)}`}
      />
      <Tile
        id="latency"
        title="Added latency"
        value={latency === undefined ? '–' : ms(latency.p50)}
        note={latency === undefined ? 'no requests yet' : `median; p95 ${ms(latency.p95)}`}
      />
    </section>
  );
}
