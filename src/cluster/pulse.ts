import { within } from '../state/within.ts';
import type { Log } from '../telemetry/log.ts';
import type { Crew, Hand } from './crew.ts';

/** Between two looks, milliseconds. */
const EVERY_MS = 5000;
/** A worker that has not answered for so long hangs, milliseconds. */
const SILENCE_MS = 30_000;

/** Ends workers that live and answer nothing any more, so that others take their places. Returns what stops it. */
export function watchPulse(crew: Pick<Crew<unknown>, 'hands' | 'end'>, log: Log): () => void {
  const asked = new Set<Hand>();
  const look = async (hand: Hand): Promise<void> => {
    if (asked.has(hand)) return;
    asked.add(hand);
    try {
      await within(SILENCE_MS, hand.line.ask('ping', null));
    } catch {
      if (!crew.hands().includes(hand)) return;
      log.error({ worker: hand.id, silentMs: SILENCE_MS }, 'a worker hangs: it is ended, and another takes its place');
      crew.end(hand);
    } finally {
      asked.delete(hand);
    }
  };
  const timer = setInterval(() => {
    for (const hand of crew.hands()) void look(hand);
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
