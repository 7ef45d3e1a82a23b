import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry/log.ts';

/** Gives back what of a text may be kept. */
export type Redact = (text: string) => string;

/** Where a text is redacted: undefined when that failed, and it may not be kept. */
export type Redaction = (redact: Redact, text: string) => string | undefined;

/** At most one warning in this time, milliseconds. */
const WARN_MS = 60_000;

/** A promise must not fail unheard, which would end the process. */
function hush(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {});
}

/** Applies a user's function. What it throws may quote the text: the log says only that it failed, and how often. */
export function createRedaction(clock: Clock, log: Log): Redaction {
  let failures = 0;
  let warned = Number.NEGATIVE_INFINITY;
  const failed = (why: string): undefined => {
    failures++;
    if (clock.elapsed() - warned < WARN_MS) return;
    log.warn({ why, failures }, 'the function that redacts prompts failed: they are not kept');
    warned = clock.elapsed();
    failures = 0;
  };
  return (redact, text) => {
    let result: unknown;
    try {
      result = redact(text);
    } catch {
      return failed('it threw');
    }
    if (typeof result === 'string') return result;
    hush(result);
    return failed(result instanceof Promise ? 'it gave a promise' : 'it gave no text');
  };
}

/** A JSON value with every text in it redacted, names of members too; undefined when that failed. */
export function redactValue(value: unknown, redacted: (text: string) => string | undefined): unknown {
  if (typeof value === 'string') return redacted(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => redactValue(item, redacted));
    return items.includes(undefined) ? undefined : items;
  }
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const as = redacted(name);
    const kept = redactValue(member, redacted);
    if (as === undefined || kept === undefined) return undefined;
    members.push([as, kept]);
  }
  return Object.fromEntries(members);
}
