import { useState } from 'preact/hooks';
import type { Activity } from './api.ts';
import { DecisionDetails } from './decision-details.tsx';
import { clock, ms, percent, usd } from './format.ts';
import { decisions, live } from './store.ts';

const LIVE_TEXT = { connecting: 'connecting …', live: 'live', lost: 'connection lost, trying again' } as const;

function Row({ row, open, toggle }: { row: Activity; open: boolean; toggle: () => void }) {
  // Whoever marks text to copy it does not mean the row.
  const onClick = () => {
    if (getSelection()?.isCollapsed !== false) toggle();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || (event.key !== 'Enter' && event.key !== ' ')) return;
    event.preventDefault();
    toggle();
  };
  return (
    <>
      <tr
        data-testid="decision-row"
        class={`row ${row.status}`}
        tabIndex={0}
        aria-expanded={open}
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        <td>
          <button type="button" tabIndex={-1} aria-expanded={open} aria-label={`Details of ${row.id}`}>
            {open ? '▾' : '▸'}
          </button>{' '}
          {clock(row.at)}
        </td>
        <td>
          {row.model}
          {row.fallback && <span class="tag">fallback</span>}
          {row.simulated && <span class="tag">simulated</span>}
        </td>
        <td class="status">{row.errorCode ?? row.status}</td>
        <td>{row.strategy}</td>
        <td class="reason">{row.reason}</td>
        <td class="number">{percent(row.confidence)}</td>
        <td class="number">{usd(row.costUsd)}</td>
        <td class="number">{ms(row.ms)}</td>
        <td class="number">{ms(row.overheadMs)}</td>
      </tr>
      {open && (
        <tr>
          <td colSpan={9}>
            <DecisionDetails id={row.id} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The latest decisions, newest first, as they arrive. */
export function Decisions() {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <section class="panel" aria-label="Decisions">
      <h2>
        Decisions{' '}
        <span class={`link ${live.value}`} data-testid="live-state" role="status">
          {LIVE_TEXT[live.value]}
        </span>
      </h2>
      <div class="scroll">
        <table data-testid="decisions">
          <thead>
            <tr>
              <th>time</th>
              <th>model</th>
              <th>status</th>
              <th>strategy</th>
              <th>reason</th>
              <th class="number">confidence</th>
              <th class="number">cost</th>
              <th class="number">took</th>
              <th class="number">added</th>
            </tr>
          </thead>
          <tbody>
            {decisions.value.map((row) => (
              <Row
                key={row.id}
                row={row}
                open={open === row.id}
                toggle={() => setOpen(open === row.id ? null : row.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {decisions.value.length === 0 && <p class="empty">No requests yet. Send one, and it shows up here.</p>}
    </section>
  );
}
