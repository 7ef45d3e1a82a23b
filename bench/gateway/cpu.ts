import { readFileSync } from 'node:fs';

/** Microseconds of CPU that a process's main thread has had so far; NaN where there is no Linux to ask. */
export function mainThreadMicros(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return Number.NaN;
  }
}
