import { useEffect, useState } from 'preact/hooks';
import { api, type Details } from './api.ts';
import { ms, percent, usd } from './format.ts';

function Ranking({ decision }: { decision: Details['decision'] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>candidate</th>
          <th class="number">predicted quality</th>
          <th class="number">expected cost</th>
          <th class="number">expected tokens</th>
        </tr>
      </thead>
      <tbody>
        {decision.ranking.map((row) => (
          <tr key={row.model}>
            <td>{row.model}</td>
            <td class="number">
              {percent(row.quality)} ± {percent(row.stderr)}
            </td>
            <td class="number">{usd(row.costUsd)}</td>
            <td class="number">{Math.round(row.outputTokens)}</td>
          </tr>
        ))}
        {decision.dropped.map((row) => (
          <tr key={row.model} class="muted">
            <td>{row.model}</td>
            <td colSpan={3}>left out: {row.detail}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Everything that is known of one request. */
export function DecisionDetails({ id }: { id: string }) {
  const [details, setDetails] = useState<Details | string | null>(null);
  useEffect(() => {
    api.details(id).then(setDetails, (error: unknown) => setDetails(String(error)));
  }, [id]);
  if (details === null) return <p class="muted">…</p>;
  if (typeof details === 'string') return <p class="muted">{details}</p>;
  const { decision, outcome } = details;
  return (
    <div class="details" data-testid="decision-details">
      <p>{decision.reason}</p>
      <Ranking decision={decision} />
      {outcome?.attempts.map((attempt, i) => (
        <p key={i}>
          call {i + 1}: {attempt.upstream},{' '}
          {attempt.failure === undefined ? 'answered' : `${attempt.failure}: ${attempt.error ?? ''}`} after{' '}
          {ms(attempt.ms)}, {usd(attempt.costUsd)}
        </p>
      ))}
      <p class="muted">
        id {id} · propensity {decision.propensity} ·{' '}
        {Object.entries(decision.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(' · ')}
      </p>
    </div>
  );
}
