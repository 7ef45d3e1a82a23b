import { ms, percent, usd, whole } from './format.ts';
import { models } from './store.ts';

export function Models() {
  const rows = models.value;
  const all = rows.reduce((sum, row) => sum + row.requests, 0);
  return (
    <section class="panel" aria-label="Models">
      <h2>Models</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>model</th>
              <th class="number">requests</th>
              <th class="number">share</th>
              <th class="number">failed</th>
              <th class="number">tokens in / out</th>
              <th class="number">cost</th>
              <th class="number">saved*</th>
              <th class="number">added p50</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.group}>
                <td>{row.group}</td>
                <td class="number">{whole(row.requests)}</td>
                <td class="number">{percent(row.requests / Math.max(all, 1))}</td>
                <td class="number">{whole(row.failed)}</td>
                <td class="number">
                  {whole(row.inputTokens)} / {whole(row.outputTokens)}
                </td>
                <td class="number">{row.unpriced > 0 ? `${usd(row.costUsd)} + ?` : usd(row.costUsd)}</td>
                <td class="number">{usd(row.savingsUsd)}</td>
                <td class="number">{ms(row.overheadMs.p50)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p class="empty">No requests in this window.</p>}
    </section>
  );
}
