import { Worker } from 'node:worker_threads';
import type { Mover, MoverStatus } from './mover.ts';

/** What the thread is started with. */
export interface ThreadSetup {
  readonly url: string;
  readonly dir: string;
  readonly own: string;
  readonly retention: number;
  readonly promptRetention?: number | undefined;
}

/** What the thread is asked. */
export interface ThreadRequest {
  readonly id: number;
  readonly ask: 'flush' | 'close';
}

/** What the thread says. */
export type ThreadMessage =
  | { readonly say: 'done'; readonly id: number; readonly ok: boolean }
  | { readonly say: 'status'; readonly status: MoverStatus }
  | { readonly say: 'skipped'; readonly segment: string; readonly lines: number }
  | { readonly say: 'recovered'; readonly source: string; readonly interrupted: number };

export interface ThreadEvents {
  readonly onStatus: (status: MoverStatus) => void;
  readonly onSkipped: (segment: string, lines: number) => void;
  readonly onRecovered: (source: string, interrupted: number) => void;
  readonly now: () => number;
}

/** A mover in a thread of its own, so that SQL costs requests no time. Needs the compiled package. */
export function startMoverThread(setup: ThreadSetup, events: ThreadEvents): Mover {
  const worker = new Worker(new URL('mover-worker.js', import.meta.url), { workerData: setup, name: 'ledger' });
  worker.unref();
  const waiting = new Map<number, (ok: boolean) => void>();
  let last = 0;
  let dead = false;
  let behindBytes = 0;

  const fail = (message: string) => {
    dead = true;
    for (const done of waiting.values()) done(false);
    waiting.clear();
    events.onStatus({ behindBytes, trouble: { message, since: events.now() } });
  };
  worker.on('error', (error) =>
    fail(`the ledger's thread failed: ${error instanceof Error ? error.message : String(error)}`),
  );
  worker.on('message', (message: ThreadMessage) => {
    if (message.say === 'status') {
      ({ behindBytes } = message.status);
      events.onStatus(message.status);
    } else if (message.say === 'skipped') events.onSkipped(message.segment, message.lines);
    else if (message.say === 'recovered') events.onRecovered(message.source, message.interrupted);
    else {
      waiting.get(message.id)?.(message.ok);
      waiting.delete(message.id);
    }
  });

  const ask = (what: ThreadRequest['ask']): Promise<boolean> => {
    if (dead) return Promise.resolve(false);
    const id = ++last;
    // While somebody waits for it, the thread keeps the process alive.
    worker.ref();
    return new Promise<boolean>((resolve) => {
      waiting.set(id, resolve);
      worker.postMessage({ id, ask: what } satisfies ThreadRequest);
    }).finally(() => worker.unref());
  };

  return {
    flush: () => ask('flush'),
    async close() {
      const ok = await ask('close');
      await worker.terminate();
      return ok;
    },
  };
}
