import { readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from '../clock.ts';

/** The process that writes a source. */
interface Owner {
  /** Where its process id means something: host, boot and pid namespace. */
  readonly place: string;
  readonly pid: number;
  /** When the process started, as the system counts it; tells it from a later process with the same id. */
  readonly started: string;
  /** The process that moves what this one writes, where it is another one in the same place. */
  readonly mover?: number;
}

/** A name in the journal that only this process writes under. */
export interface Source {
  readonly name: string;
  /** Says that the owner lives; a lock that is gone is written again. */
  beat(): void;
  release(): void;
}

/** How often {@link Source.beat} is due, milliseconds. */
export const HEARTBEAT_MS = 5000;
/** A process in another place (container, host, boot) is taken for dead after this long without a heartbeat. */
const STALE_MS = 30_000;

function attempt(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

function startOf(pid: number): string {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The command's name may hold spaces and brackets; the start time is the 20th field after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function thisPlace(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'));
  return `${hostname()}/${boot}/${namespace}`;
}

function isOwner(value: unknown): value is Owner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'place' in value &&
    typeof value.place === 'string' &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'started' in value &&
    typeof value.started === 'string'
  );
}

function lockPath(dir: string, name: string): string {
  return join(dir, `${name}.lock`);
}

function readOwner(path: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isOwner(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Takes a fresh name in `dir` and locks it. Throws what the file system throws. */
export function claimSource(
  dir: string,
  { clock, random, mover }: { readonly clock: Clock; readonly random: Random; readonly mover?: number | undefined },
): Source {
  const chance = Math.floor(random() * 36 ** 6)
    .toString(36)
    .padStart(6, '0');
  const name = `${clock.now().toString(36)}-${process.pid}-${chance}`;
  const path = lockPath(dir, name);
  const owner: Owner = {
    place: thisPlace(),
    pid: process.pid,
    started: startOf(process.pid),
    ...(mover === undefined ? {} : { mover }),
  };
  const write = (flag: 'wx' | 'w') => writeFileSync(path, `${JSON.stringify(owner)}\n`, { mode: 0o600, flag });
  write('wx');
  return {
    name,
    beat() {
      const seconds = clock.now() / 1000;
      try {
        utimesSync(path, seconds, seconds);
      } catch {
        attempt(() => (write('w'), ''));
      }
    },
    release: () => rmSync(path, { force: true }),
  };
}

/** Whether some process still writes under a name. A name without a lock was given up. */
export function sourceLives(dir: string, name: string, now: number): boolean {
  const path = lockPath(dir, name);
  const beat = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (beat === undefined) return false;
  const owner = readOwner(path);
  // A lock that cannot be read may be about to be written.
  if (owner === undefined || owner.place !== thisPlace()) return now - beat < STALE_MS;
  return processLives(owner.pid) && startOf(owner.pid) === owner.started;
}

/** Whether this process moves what a living one writes. */
export function movesFor(dir: string, name: string): boolean {
  const owner = readOwner(lockPath(dir, name));
  return owner?.mover === process.pid && owner.place === thisPlace();
}

/** Removes what is left of a dead source's lock. */
export function forgetSource(dir: string, name: string): void {
  rmSync(lockPath(dir, name), { force: true });
}
