import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { readChunk } from './read.ts';
import { listSegments, type Segment } from './segment.ts';
import { forgetSource, movesFor, sourceLives } from './source.ts';
import type { Position, Store } from './store.ts';

/** Bytes of journal per batch where each costs round trips to another machine, and holds up nobody there. */
const FAR_CHUNK = 1024 * 1024;

export interface ConsumerOptions {
  readonly dir: string;
  /** The source that this process writes: always read, never recovered while it lives. */
  readonly own: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly onSkipped: (segment: string, lines: number) => void;
  readonly onRecovered: (source: string, interrupted: number) => void;
}

/** Moves journal records into the store, each exactly once. */
export interface Consumer {
  /** Takes over everything that is there; returns whether there was anything. Throws what the store throws. */
  pass(): Promise<boolean>;
  /** Takes over the rest of the own source, which nobody writes any more, and removes it. */
  retire(): Promise<void>;
  /** Bytes that the store does not have yet; unless it may be asked, as far as is known without it. */
  behind(ask: boolean): Promise<number>;
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * Reads every segment of this process, of its workers and of dead ones, oldest first. Other living processes read their
 * own.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { dir, own, store, clock } = options;
  const positions = new Map<string, Position>();

  const positionOf = async (source: string): Promise<Position | undefined> => {
    const known = positions.get(source) ?? (await store.position(source));
    if (known !== undefined) positions.set(source, known);
    return known;
  };

  const remove = (name: string) => rm(join(dir, name), { force: true });

  /** Reads a segment to its present end. */
  const drain = async ({ source, name }: Segment): Promise<boolean> => {
    const known = await positionOf(source);
    let offset = known?.segment === name ? known.offset : 0;
    let moved = false;
    for (;;) {
      const chunk = await readChunk(join(dir, name), offset, store.shared ? FAR_CHUNK : undefined);
      if (chunk.offset > offset) {
        const at = { segment: name, offset: chunk.offset };
        await store.append(chunk.records, { source, at });
        positions.set(source, at);
        offset = chunk.offset;
        moved = true;
        if (chunk.skipped > 0) options.onSkipped(name, chunk.skipped);
      }
      if (chunk.end) return moved;
    }
  };

  /** Drains segments in order; each that is followed by another is finished and goes. */
  const drainAll = async (segments: readonly Segment[]): Promise<boolean> => {
    let moved = false;
    for (const [i, segment] of segments.entries()) {
      const at = await positionOf(segment.source);
      const passed = at !== undefined && segment.name < at.segment;
      if (!passed) {
        try {
          moved = (await drain(segment)) || moved;
        } catch (error) {
          // Another process has recovered it meanwhile.
          if (!isGone(error)) throw error;
        }
      }
      if (i < segments.length - 1) await remove(segment.name);
    }
    return moved;
  };

  const bury = async (source: string, segments: readonly Segment[]): Promise<void> => {
    // All of it, also what a machine with another clock has dated later.
    const interrupted = await store.interrupt(source, Number.MAX_SAFE_INTEGER);
    for (const { name } of segments) await remove(name);
    forgetSource(dir, source);
    await store.forget(source);
    positions.delete(source);
    if (interrupted > 0) options.onRecovered(source, interrupted);
  };

  const pass = async (): Promise<boolean> => {
    let moved = false;
    let failure: { readonly error: unknown } | undefined;
    // The own source first: another one's damage must not hold it up.
    const sources = [...(await listSegments(dir))].sort(([a], [b]) => Number(b === own) - Number(a === own));
    for (const [source, segments] of sources) {
      // Asked before reading: what a dead process wrote is complete.
      const lives = source === own || sourceLives(dir, source, clock.now());
      if (lives && source !== own && !movesFor(dir, source)) continue;
      try {
        moved = (await drainAll(segments)) || moved;
        if (!lives) await bury(source, segments);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined && !moved) throw failure.error;
    return moved;
  };

  return {
    pass,
    async retire() {
      const segments = (await listSegments(dir)).get(own) ?? [];
      await drainAll(segments);
      await bury(own, segments);
    },
    async behind(ask) {
      let bytes = 0;
      for (const [source, segments] of await listSegments(dir)) {
        const at = ask ? await positionOf(source) : positions.get(source);
        for (const { name } of segments) {
          if (at !== undefined && name < at.segment) continue;
          const size = await stat(join(dir, name)).then(
            (found) => found.size,
            () => 0,
          );
          bytes += size - (at?.segment === name ? at.offset : 0);
        }
      }
      return bytes;
    },
  };
}
