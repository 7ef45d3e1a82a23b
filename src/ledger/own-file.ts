import { chmodSync, statSync } from 'node:fs';

const OTHERS = 0o077;

/** Takes from others what they may do with this user's file, such as a backup that was put back. */
export function keepFromOthers(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.uid !== process.getuid?.() || (found.mode & OTHERS) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    // A file system that has no such rights; whoever cannot write it says so.
  }
}
