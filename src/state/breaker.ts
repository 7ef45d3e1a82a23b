import type { Clock } from '../clock.ts';
import type { Cell, State } from './state.ts';

/** Failures in a row that open a breaker. */
const FAILURES = 2;
/**
 * How long it stays open, milliseconds: the first time, and after each failed probe. While an upstream is down for a
 * minute it gets two calls and three probes, and it is found again within 18 s.
 */
const FIRST_OPEN_MS = 10_000;
const OPEN_MS = 18_000;
/** A probe that has not ended by then is given up for another one, milliseconds: its process may have died. */
const PROBE_MS = 120_000;
/** Calls in flight that a recovering upstream may have at most; one more doubling closes the breaker. */
const MAX_RAMP = 8;
/** When to look again at an upstream that is being tried or recovers, milliseconds. */
const SOON_MS = 1000;

/** Failures in a row, and when the last of them was, epoch milliseconds. */
interface Streak {
  readonly count: number;
  readonly at: number;
}

const NONE: Streak = { count: 0, at: 0 };

/** What is remembered of an upstream that failed; times in epoch milliseconds, 0 = never. */
interface Circuit {
  /** Calls without an answer; the beginning of any answer ends the row. */
  readonly refused: Streak;
  /** Answers that broke off; any complete answer ends the row. */
  readonly cut: Streak;
  /** Set while it is open: when it did, and when a probe may go out. */
  readonly openedAt: number;
  readonly openUntil: number;
  /** Set while a probe is under way. */
  readonly probeAt: number;
  /** Calls in flight that it may have in each process while it recovers; 0 when it does not. */
  readonly ramp: number;
}

const CLOSED: Circuit = { refused: NONE, cut: NONE, openedAt: 0, openUntil: 0, probeAt: 0, ramp: 0 };
/** A circuit lasts so long without a change, milliseconds: nobody has called the upstream since. */
const KEPT_MS = 3_600_000;

/** One call, as the breaker of its upstream sees it. */
export interface Trial {
  readonly upstream: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** `probe` alone ends an outage, `ramp` steps a recovery. */
  kind: 'plain' | 'probe' | 'ramp';
  answered: boolean;
  ended: boolean;
}

/** Why an upstream is to be left alone, and until when, epoch milliseconds. */
export interface Blocked {
  readonly until: number;
  readonly why: string;
}

/**
 * One breaker per upstream. It opens when calls fail in a row, lets exactly one probe through when its time is over, and
 * after that probe as many calls as have succeeded. Nothing is kept, and nothing looked up, for upstreams that never failed.
 */
export interface Breakers {
  /** Set while the upstream is to be left alone. */
  blocked(upstream: string): Blocked | undefined;
  /** A call begins: it is the probe when one is due. */
  began(upstream: string): Trial;
  /** Its answer has begun, which is all that a probe and a recovery need. */
  answered(trial: Trial): void;
  /** It is over, well or sick; `unknown` tells nothing of the upstream's health. Once per trial. */
  ended(trial: Trial, verdict: 'worked' | 'failed' | 'unknown'): void;
  /** Closes all of them. */
  clear(): void;
}

const open = (now: number, ms: number): Circuit => ({ ...CLOSED, openedAt: now, openUntil: now + ms });
const isOpen = ({ openUntil }: Circuit): boolean => openUntil > 0;
const recovers = ({ ramp }: Circuit): boolean => ramp > 0;
const isClosed = (circuit: Circuit): boolean =>
  !isOpen(circuit) && !recovers(circuit) && circuit.refused.count === 0 && circuit.cut.count === 0;

function failed(circuit: Circuit, { kind, at, answered }: Trial, now: number): Circuit {
  if (isOpen(circuit)) return kind === 'probe' ? open(now, OPEN_MS) : circuit;
  // Whatever began before the outage was seen tells nothing of the recovery.
  if (recovers(circuit)) return kind === 'plain' ? circuit : open(now, OPEN_MS);
  const row = answered ? 'cut' : 'refused';
  const streak = circuit[row];
  // Calls that failed together are one failure: the second in a row began after the first had failed.
  if (streak.count > 0 && at < streak.at) return circuit;
  const count = streak.count + 1;
  return count >= FAILURES ? open(now, FIRST_OPEN_MS) : { ...circuit, [row]: { count, at: now } };
}

/** The upstream sends: a step out of an outage, or the end of a row of refusals. */
function sends(circuit: Circuit, { kind, at }: Trial): Circuit {
  if (isOpen(circuit)) return kind === 'probe' || at >= circuit.openedAt ? { ...CLOSED, ramp: 1 } : circuit;
  if (recovers(circuit)) {
    if (kind !== 'ramp') return circuit;
    return circuit.ramp >= MAX_RAMP ? CLOSED : { ...circuit, ramp: circuit.ramp * 2 };
  }
  return circuit.cut.count === 0 ? CLOSED : { ...circuit, refused: NONE };
}

/** It sent all of an answer. */
function completed(circuit: Circuit): Circuit {
  if (isOpen(circuit) || recovers(circuit)) return circuit;
  return circuit.refused.count === 0 ? CLOSED : { ...circuit, cut: NONE };
}

/** A probe that has ended makes room for another one. */
function released(circuit: Circuit, { kind, at }: Trial): Circuit {
  return kind === 'probe' && circuit.probeAt === at ? { ...circuit, probeAt: 0 } : circuit;
}

/** Where the circuit of an upstream is kept. */
const PREFIX = 'breaker:';

/** The cell of an upstream's circuit. */
export const breakerCell = (upstream: string): string => PREFIX + upstream;

/**
 * {@link Breakers} over the cells of a {@link State}. Processes share when an upstream is open, probed and recovers; the
 * calls that recover it are counted in each process: a number that the last writer wins would be lost.
 */
export function createBreakers(state: State, clock: Clock): Breakers {
  const troubled = new Map<string, Cell<Circuit>>();
  /** Calls of this process by recovering upstream. */
  const inFlight = new Map<string, number>();

  const change = (upstream: string, cell: Cell<Circuit>, next: (circuit: Circuit) => Circuit): void => {
    const before = cell.get() ?? CLOSED;
    const after = next(before);
    if (after !== before) cell.set(after, KEPT_MS);
    if (isClosed(after)) troubled.delete(upstream);
  };
  const count = (upstream: string, by: 1 | -1): void => {
    const now = (inFlight.get(upstream) ?? 0) + by;
    if (now > 0) inFlight.set(upstream, now);
    else inFlight.delete(upstream);
  };
  const probeDue = ({ openUntil, probeAt }: Circuit, now: number): boolean =>
    openUntil > 0 && now >= openUntil && (probeAt === 0 || now - probeAt > PROBE_MS);

  state.watch(PREFIX, (key) => {
    const upstream = key.slice(PREFIX.length);
    const cell = state.cell<Circuit>(key);
    const circuit = cell.get();
    if (circuit === undefined || isClosed(circuit)) troubled.delete(upstream);
    else troubled.set(upstream, cell);
  });

  return {
    blocked(upstream) {
      if (troubled.size === 0) return undefined;
      const circuit = troubled.get(upstream)?.get();
      if (circuit === undefined) return undefined;
      const now = clock.now();
      if (circuit.openUntil > now) return { until: circuit.openUntil, why: 'it failed several times in a row' };
      if (circuit.openUntil > 0) {
        return probeDue(circuit, now) ? undefined : { until: now + SOON_MS, why: 'it failed and is being tried again' };
      }
      return circuit.ramp > 0 && (inFlight.get(upstream) ?? 0) >= circuit.ramp
        ? { until: now + SOON_MS, why: 'it is recovering' }
        : undefined;
    },
    began(upstream) {
      const now = clock.now();
      const trial: Trial = { upstream, at: now, kind: 'plain', answered: false, ended: false };
      const cell = troubled.get(upstream);
      if (cell === undefined) return trial;
      change(upstream, cell, (circuit) => {
        if (probeDue(circuit, now)) {
          trial.kind = 'probe';
          return { ...circuit, probeAt: now };
        }
        if (!recovers(circuit)) return circuit;
        trial.kind = 'ramp';
        count(upstream, 1);
        return circuit;
      });
      return trial;
    },
    answered(trial) {
      if (trial.answered || trial.ended) return;
      trial.answered = true;
      const cell = troubled.get(trial.upstream);
      if (cell !== undefined) change(trial.upstream, cell, (circuit) => sends(circuit, trial));
    },
    ended(trial, verdict) {
      if (trial.ended) return;
      trial.ended = true;
      if (trial.kind === 'ramp') count(trial.upstream, -1);
      const known = troubled.get(trial.upstream);
      if (known === undefined && verdict !== 'failed') return;
      const cell = known ?? state.cell<Circuit>(breakerCell(trial.upstream));
      troubled.set(trial.upstream, cell);
      change(trial.upstream, cell, (circuit) => {
        const free = released(circuit, trial);
        if (verdict === 'failed') return failed(free, trial, clock.now());
        if (verdict === 'unknown') return free;
        return completed(trial.answered ? free : sends(free, trial));
      });
    },
    clear() {
      for (const cell of troubled.values()) cell.set(CLOSED, KEPT_MS);
      troubled.clear();
    },
  };
}
