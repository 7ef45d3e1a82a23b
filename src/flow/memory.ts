import type { CachedPrefix } from '../decide/estimate.ts';
import type { Clock } from '../clock.ts';
import type { State } from '../state/state.ts';
import { createHealth, type Health } from './health.ts';
import { createKeyScopes, type KeyScopes } from './key-scope.ts';
import type { RouteRequest } from './route.ts';

/** How long a provider is taken to keep a prompt in its cache, milliseconds (OpenAI: 5 to 10 minutes of inactivity). */
const PROMPT_CACHE_MS = 5 * 60_000;
/** How long a session is remembered, milliseconds. */
const SESSION_MS = 24 * 3_600_000;
/** Weight of the newest observation in the first-token average. */
const LATENCY_WEIGHT = 0.2;

/** Before the names of what processes share of the time to the first token. */
const FIRST_TOKEN = 'first-token:';

interface SessionMemory {
  readonly model: string;
  readonly inputTokens: number;
  readonly at: number;
}

/** What stands for a moment where a session was. */
const FORGOTTEN: SessionMemory = { model: '', inputTokens: 0, at: 0 };

/** Before the names of sessions; those of callers with a key of their own at a provider have its scope after it. */
const SESSIONS = ['session:', 'caller-session:'] as const;

/** Key and session of a cell's name: a colon may belong to either. */
function readings(name: string): { readonly key: string; readonly session: string }[] {
  const parts = name.split(':').slice(name.startsWith(SESSIONS[1]) ? 2 : 1);
  return parts.slice(1).map((_, i) => ({
    key: parts.slice(0, i + 1).join(':'),
    session: parts.slice(i + 1).join(':'),
  }));
}

/** How a session's model compares with its last one. */
export type SessionStep = 'none' | 'initialize' | 'retain' | 'switch';

/** A session as its caller names it, and the caller's keys, here and at a provider, whose names are their own. */
export type SessionName = Pick<RouteRequest, 'session' | 'key' | 'callerKey'>;

/** What earlier requests taught that later decisions use: sessions, latency, the health of upstreams. Lives in `state/`. */
export interface Memory extends Health {
  /** Fetches what other processes know of a session; undefined where there is nothing to wait for. */
  recall(session: SessionName): Promise<void> | undefined;
  /** What the session's last turn left in a prompt cache. */
  cached(session: SessionName): CachedPrefix | undefined;
  /** How choosing `model` would continue the session. */
  step(session: SessionName, model: string): SessionStep;
  /** The session's turn was answered by this model. */
  remember(session: SessionName, model: string, inputTokens: number): void;
  /** Forgets a session, in every process that shares the state. */
  forgetSession(session: SessionName): void;
  /** The same of those that are here and meant: whose key and session may be any of several readings of a name. */
  forget(meant: (session: { readonly key: string; readonly session: string; readonly at: number }) => boolean): void;
  firstTokenMs(upstream: string): number | undefined;
  observeFirstToken(upstream: string, ms: number): void;
  /** Names callers' own keys. */
  readonly scopeOf: KeyScopes;
  /** Counts requests of this process, for `round-robin`. */
  turn(): number;
}

/** {@link Memory} over a {@link State}. */
export function createMemory(state: State, clock: Clock): Memory {
  const nameOf = ({ session, key = '', callerKey }: SessionName): string | undefined => {
    if (session === undefined) return undefined;
    return callerKey === undefined
      ? `session:${key}:${session}`
      : `caller-session:${callerKey.scope}:${key}:${session}`;
  };
  const cellOf = (session: SessionName) => {
    const name = nameOf(session);
    return name === undefined ? undefined : state.cell<SessionMemory>(name);
  };
  const latencies = new Map<string, ReturnType<typeof state.cell<number>>>();
  const latency = (upstream: string) => {
    const cell = latencies.get(upstream) ?? state.cell<number>(FIRST_TOKEN + upstream);
    latencies.set(upstream, cell);
    return cell;
  };
  state.watch(FIRST_TOKEN, (key) => void latency(key.slice(FIRST_TOKEN.length)));
  let turns = 0;
  return {
    ...createHealth(state, clock),
    recall(session) {
      const name = nameOf(session);
      return name === undefined ? undefined : state.load([name]);
    },
    cached(session) {
      const last = cellOf(session)?.get();
      return last === undefined || clock.now() - last.at > PROMPT_CACHE_MS
        ? undefined
        : { model: last.model, tokens: last.inputTokens };
    },
    step(session, model) {
      const cell = cellOf(session);
      if (cell === undefined) return 'none';
      const last = cell.get();
      if (last === undefined) return 'initialize';
      return last.model === model ? 'retain' : 'switch';
    },
    remember(session, model, inputTokens) {
      cellOf(session)?.set({ model, inputTokens, at: clock.now() }, SESSION_MS);
    },
    forgetSession(session) {
      cellOf(session)?.set(FORGOTTEN, 1);
    },
    forget(meant) {
      for (const name of SESSIONS.flatMap((prefix) => state.names(prefix))) {
        const cell = state.cell<SessionMemory>(name);
        const last = cell.get();
        if (last !== undefined && readings(name).some((read) => meant({ ...read, at: last.at })))
          cell.set(FORGOTTEN, 1);
      }
    },
    // Callers can make upstreams up: asking about one leaves nothing behind.
    firstTokenMs: (upstream) => latencies.get(upstream)?.get(),
    observeFirstToken(upstream, ms) {
      latency(upstream).update((mean) => (mean === undefined ? ms : mean + LATENCY_WEIGHT * (ms - mean)));
    },
    scopeOf: createKeyScopes(state),
    turn: () => turns++,
  };
}
