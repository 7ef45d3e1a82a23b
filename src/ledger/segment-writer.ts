import * as nodeFiles from 'node:fs';
import { join } from 'node:path';
import { encodeHeader } from './encode.ts';
import { segmentName } from './segment.ts';

/** The file operations that the journal uses; a parameter so that a test can let them fail. */
export type JournalFiles = Pick<
  typeof nodeFiles,
  'openSync' | 'writeSync' | 'ftruncateSync' | 'closeSync' | 'unlinkSync' | 'statSync' | 'fsync'
>;

/** How long bytes may wait for the disk after a write, milliseconds: what a power loss costs, with room for the sync itself. */
const SYNC_MS = 500;

/** A full disk heals in place; after any other failure a segment is given up for a new one. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Appends lines to a source's segments. Lines whose `append` threw may be given again: readers go by their records' ids. */
export class SegmentWriter {
  readonly #options: {
    readonly dir: string;
    readonly source: string;
    readonly segmentSize: number;
    readonly files: JournalFiles;
    readonly onSync: (error: Error | null) => void;
  };
  #fd: number | undefined;
  #path = '';
  #number = 0;
  #size = 0;
  /** Bytes of a segment without a record. */
  #empty = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly dir: string;
    readonly source: string;
    /** Bytes after which a new segment starts. */
    readonly segmentSize: number;
    readonly files: JournalFiles;
    /** How bringing bytes to the disk went. */
    readonly onSync: (error: Error | null) => void;
  }) {
    this.#options = options;
  }

  /** Opens the first segment, so that a folder that cannot be written to is known at once. */
  open(): void {
    this.#fd ??= this.#next();
  }

  append(line: Buffer): void {
    if (this.#fd !== undefined && this.#size + line.length > this.#options.segmentSize) this.#leave();
    const fd = (this.#fd ??= this.#next());
    try {
      this.#write(fd, line);
    } catch (error) {
      this.#undo(fd, error);
      throw error;
    }
    this.#size += line.length;
    this.#timer ??= setTimeout(() => this.#sync(fd), SYNC_MS).unref();
  }

  /** Goes on in a new segment when somebody took the current one away. */
  check(): void {
    if (this.#fd === undefined) return;
    try {
      if (this.#options.files.statSync(this.#path, { throwIfNoEntry: false }) !== undefined) return;
    } catch {
      // The next write tells whether the folder can still be written to.
      return;
    }
    this.#leave();
  }

  /** Goes on in a new segment, so that what the store has of this one can be deleted. */
  renew(): void {
    if (this.#fd === undefined || this.#size === this.#empty) return;
    this.#leave();
    this.#fd = this.#next();
  }

  /** Brings everything to the disk and closes. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    await new Promise<void>((resolve) => this.#finish(fd, resolve));
  }

  #write(fd: number, line: Buffer): void {
    for (let done = 0; done < line.length;) {
      done += this.#options.files.writeSync(fd, line, done, line.length - done);
    }
  }

  #next(): number {
    const { dir, source, files } = this.#options;
    this.#number++;
    const path = join(dir, segmentName(source, this.#number));
    const fd = files.openSync(path, 'ax', 0o600);
    const header = encodeHeader(source);
    try {
      this.#write(fd, header);
    } catch (error) {
      files.closeSync(fd);
      files.unlinkSync(path);
      throw error;
    }
    this.#path = path;
    this.#size = header.length;
    this.#empty = header.length;
    this.#syncFolder();
    return fd;
  }

  /** Takes back what was written in part. */
  #undo(fd: number, error: unknown): void {
    try {
      this.#options.files.ftruncateSync(fd, this.#size);
      if (FULL.has(codeOf(error))) return;
    } catch {
      // What stays is whole lines, which count once, and a last one without an end, which readers drop.
    }
    this.#leave();
  }

  #leave(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (fd !== undefined) this.#finish(fd, () => {});
  }

  #finish(fd: number, then: () => void): void {
    const { files, onSync } = this.#options;
    files.fsync(fd, (error) => {
      onSync(error);
      try {
        files.closeSync(fd);
      } catch (cause) {
        onSync(cause instanceof Error ? cause : new Error(String(cause)));
      }
      then();
    });
  }

  #sync(fd: number): void {
    this.#timer = undefined;
    this.#options.files.fsync(fd, this.#options.onSync);
  }

  /** A new file's name must survive a power loss too. */
  #syncFolder(): void {
    const { dir, files } = this.#options;
    try {
      const folder = files.openSync(dir, 'r');
      files.fsync(folder, () => files.closeSync(folder));
    } catch {
      // Some systems do not open folders.
    }
  }
}

/** The machine's files. */
export const machineFiles: JournalFiles = nodeFiles;
