import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import { encodeInto, encodeRecord } from './encode.ts';
import { makeFolder } from './folder.ts';
import type { Journal } from './journal.ts';
import type { Rec } from './record.ts';
import { machineFiles, SegmentWriter, type JournalFiles } from './segment-writer.ts';
import { parseSegment } from './segment.ts';

/** What is wrong with a journal, as {@link Journal.trouble} tells it. */
export type JournalTrouble = NonNullable<Journal['trouble']>;

/** A journal in files. */
export interface FileJournal extends Journal {
  /** Records that could not be kept since the start. */
  readonly lost: number;
  /** Notices that somebody took the segment away; due now and then. */
  check(): void;
  /** Goes on in a new segment: the one before goes when the store has it. Due when something in it must not stay. */
  renew(): void;
}

export interface JournalOptions {
  readonly dir: string;
  /** A name that nobody else writes under. */
  readonly source: string;
  readonly clock: Clock;
  /** Bytes that all segments in `dir` may take together. */
  readonly cap?: number;
  /** Bytes of one segment. */
  readonly segmentSize?: number;
  /** Bytes that may wait in memory while the disk does not take them. */
  readonly queue?: number;
  /** Called when trouble begins, and with `null` when it ends. */
  readonly onTrouble?: (trouble: JournalTrouble | null) => void;
  readonly files?: JournalFiles;
}

const MB = 2 ** 20;
/** Bytes that one write usually fits into. */
const STAGING = 256 * 1024;
const RETRY_MS = 1000;
/** While the disk refuses, a new record tries it again at most this often, milliseconds. */
const PATIENCE_MS = 20;

/**
 * Makes the journal's folder, for this user alone.
 * @throws `storage_unavailable` with the path and what to do.
 */
export function makeJournalFolder(dir: string): void {
  try {
    makeFolder(dir);
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}

/** The error of a folder that the journal cannot be written to. */
export function unwritable(dir: string, cause: unknown): SignalboxError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SignalboxError(
    'storage_unavailable',
    `the journal cannot be written to "${dir}": ${why}; make that folder writable for this user or set storage.journal to another one`,
    { cause },
  );
}

function sizeOfSegments(dir: string): number {
  let total = 0;
  for (const name of readdirSync(dir)) {
    if (parseSegment(name) === undefined) continue;
    total += statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return total;
}

class FolderJournal implements FileJournal {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #cap: number;
  readonly #room: number;
  readonly #onTrouble: (trouble: JournalTrouble | null) => void;
  readonly #writer: SegmentWriter;
  readonly #staging = Buffer.allocUnsafeSlow(STAGING);
  #total: number;
  #measured = 0;
  #queue: Buffer[] = [];
  #turn: Rec[] = [];
  #turnEnds: Promise<void> | undefined;
  #waitingBytes = 0;
  #lost = 0;
  #closed = false;
  #tried = 0;
  #retry: NodeJS.Timeout | undefined;
  #failing: { readonly message: string; readonly since: number } | undefined;
  #syncFailing: { readonly message: string; readonly since: number } | undefined;

  constructor(options: JournalOptions) {
    const { dir, source, clock, cap = 1024 * MB, segmentSize = 64 * MB, queue = 16 * MB } = options;
    this.#dir = dir;
    this.#clock = clock;
    this.#cap = cap;
    this.#room = queue;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#writer = new SegmentWriter({
      dir,
      source,
      // Only finished segments can be deleted, so a small cap needs small segments.
      segmentSize: Math.min(segmentSize, Math.ceil(cap / 4)),
      files: options.files ?? machineFiles,
      onSync: (error) => this.#synced(error),
    });
    this.#total = sizeOfSegments(dir);
    this.#writer.open();
  }

  get trouble(): JournalTrouble | null {
    const failing = this.#failing ?? this.#syncFailing;
    if (failing === undefined) return null;
    return { ...failing, waiting: this.#queue.length, lost: this.#lost };
  }

  get lost(): number {
    return this.#lost;
  }

  intend(record: Rec): void {
    this.#keep([record]);
  }

  settle(record: Rec): void {
    this.#keep([record]);
  }

  score(record: Rec): void {
    this.#keep([record]);
  }

  grouped(record: Rec): Promise<void> {
    this.#turn.push(record);
    this.#turnEnds ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#endTurn();
        resolve();
      }),
    );
    return this.#turnEnds;
  }

  check(): void {
    if (!this.#closed) this.#writer.check();
  }

  renew(): void {
    if (this.#closed) return;
    try {
      this.#writer.renew();
    } catch (error) {
      this.#fail(error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#endTurn();
    this.#flush();
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#lost += this.#queue.length;
    this.#queue = [];
    this.#waitingBytes = 0;
    await this.#writer.close();
  }

  #endTurn(): void {
    const records = this.#turn;
    this.#turn = [];
    this.#turnEnds = undefined;
    this.#keep(records);
  }

  /** Never throws: a request must not fail because it cannot be written down. */
  #keep(records: readonly Rec[]): void {
    if (this.#closed) {
      this.#lost += records.length;
      return;
    }
    const ends: number[] = [];
    for (const record of records) {
      try {
        this.#stage(record, ends);
      } catch (error) {
        this.#lost++;
        this.#fail(error);
      }
    }
    this.#put(this.#staging, ends);
  }

  /** Adds a record's line to the staged ones, which are put away first when there is no room beside them. */
  #stage(record: Rec, ends: number[]): void {
    let end = encodeInto(this.#staging, ends.at(-1) ?? 0, record);
    if (end === -1) {
      this.#put(this.#staging, ends);
      ends.length = 0;
      end = encodeInto(this.#staging, 0, record);
    }
    if (end !== -1) {
      ends.push(end);
      return;
    }
    const line = Buffer.from(encodeRecord(record));
    this.#put(line, [line.length]);
  }

  /** Writes lines that end at `ends`, or makes each of them wait. */
  #put(lines: Buffer, ends: readonly number[]): void {
    const last = ends.at(-1);
    if (last === undefined) return;
    if (this.#queue.length === 0 && this.#append(lines.subarray(0, last))) return;
    for (const [i, end] of ends.entries()) this.#wait(Buffer.from(lines.subarray(ends[i - 1] ?? 0, end)));
    if (this.#clock.elapsed() - this.#tried >= PATIENCE_MS) this.#flush();
  }

  #append(line: Buffer): boolean {
    try {
      this.#checkCap(line.length);
      this.#writer.append(line);
    } catch (error) {
      this.#tried = this.#clock.elapsed();
      this.#fail(error);
      return false;
    }
    this.#total += line.length;
    return true;
  }

  #checkCap(more: number): void {
    if (this.#total + more <= this.#cap) return;
    const now = this.#clock.elapsed();
    if (now - this.#measured >= PATIENCE_MS) {
      this.#measured = now;
      this.#total = sizeOfSegments(this.#dir);
    }
    if (this.#total + more > this.#cap) {
      throw new Error(
        `the journal in "${this.#dir}" has reached storage.journalCap (${this.#cap} bytes): the store is behind`,
      );
    }
  }

  #wait(line: Buffer): void {
    if (this.#waitingBytes + line.length > this.#room) {
      this.#lost++;
      return;
    }
    this.#queue.push(line);
    this.#waitingBytes += line.length;
    this.#retry ??= setInterval(() => this.#flush(), RETRY_MS).unref();
  }

  #flush(): void {
    let done = 0;
    for (const line of this.#queue) {
      if (!this.#append(line)) break;
      this.#waitingBytes -= line.length;
      done++;
    }
    this.#queue.splice(0, done);
    if (this.#queue.length > 0) return;
    clearInterval(this.#retry);
    this.#retry = undefined;
    this.#heal();
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const began = this.#failing === undefined;
    this.#failing = { message, since: this.#failing?.since ?? this.#clock.now() };
    // Trouble that leaves nothing waiting (a record without an encoding) ends with the next try.
    this.#retry ??= setInterval(() => this.#flush(), RETRY_MS).unref();
    if (began) this.#onTrouble(this.trouble);
  }

  #heal(): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    this.#onTrouble(this.trouble);
  }

  #synced(error: Error | null): void {
    const began = this.#syncFailing === undefined;
    if (error === null) {
      this.#syncFailing = undefined;
      if (!began) this.#onTrouble(this.trouble);
      return;
    }
    this.#syncFailing = { message: `not yet safe from a power loss: ${error.message}`, since: this.#clock.now() };
    if (began) this.#onTrouble(this.trouble);
  }
}

/**
 * Opens a source of the journal in `dir` for appending. Its methods never throw; a disk that refuses makes records wait
 * in memory, and only when that is full are they lost, counted and told in `trouble`.
 * @throws `storage_unavailable` when nothing can be written there.
 */
export function openJournal(options: JournalOptions): FileJournal {
  makeJournalFolder(options.dir);
  try {
    return new FolderJournal(options);
  } catch (cause) {
    throw unwritable(options.dir, cause);
  }
}
