import { logOut } from './api.ts';
import { Charts } from './charts.tsx';
import { Decisions } from './decisions.tsx';
import { Models } from './models.tsx';
import { caller, showWindow, simulated, stats, troubles, window, WINDOWS, type WindowName } from './store.ts';
import { Tiles } from './tiles.tsx';

const NAMES = Object.keys(WINDOWS) as WindowName[];

function Head() {
  const now = stats.value;
  return (
    <header>
      <h1>
        Signalbox{' '}
        {simulated.value && (
          <span class="tag loud" data-testid="simulated-badge">
            SIMULATED models
          </span>
        )}
      </h1>
      <p>
        {now === null
          ? ''
          : `mode ${now.mode} · router ${now.router} · strategy ${now.strategy} · default ${now.default} · ledger ${now.ledger.driver} · version ${now.version}`}
      </p>
      <nav aria-label="Window">
        {NAMES.map((name) => (
          <button key={name} type="button" aria-pressed={window.value === name} onClick={() => showWindow(name)}>
            {WINDOWS[name].title}
          </button>
        ))}
        {caller.value?.by === 'login' && (
          <button type="button" title={`logged in by the key ${caller.value.name}`} onClick={() => void logOut()}>
            log out
          </button>
        )}
      </nav>
    </header>
  );
}

export function App() {
  return (
    <main>
      <Head />
      {troubles.value.map((trouble) => (
        <p key={trouble} class="panel trouble" role="alert">
          {trouble}
        </p>
      ))}
      <Tiles />
      <Charts />
      <Models />
      <Decisions />
      <p class="muted">
        * Savings are counterfactual: what the same tokens would have cost on the default model, less what they cost.
      </p>
    </main>
  );
}
