import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock as clock } from '../clock.ts';
import { createConsumer } from './consumer.ts';
import type { ThreadMessage, ThreadRequest, ThreadSetup } from './mover-thread.ts';
import { startMover } from './mover.ts';
import { openStore } from './open-store.ts';
import { createRecovery } from './recovery.ts';

/** A thread may wait for locks; no request waits with it. */
const BUSY_MS = 5000;

/** On a machine that is busy the store falls behind a little rather than hold up requests. */
const GIVES_WAY = 5;

try {
  // On Linux this is the calling thread's own priority.
  if (process.platform === 'linux') setPriority(GIVES_WAY);
} catch {
  // Then it competes as an equal.
}

const { url, dir, own, retention, promptRetention } = workerData as ThreadSetup;
const tell = (message: ThreadMessage) => parentPort?.postMessage(message);

const store = await openStore(url, { clock, busyTimeout: BUSY_MS, later: true });
const origin = {
  dir,
  own,
  store,
  clock,
  onSkipped: (segment: string, lines: number) => tell({ say: 'skipped', segment, lines }),
  onRecovered: (source: string, interrupted: number) => tell({ say: 'recovered', source, interrupted }),
};
const mover = startMover({
  consumer: createConsumer(origin),
  recovery: createRecovery(origin),
  store,
  clock,
  retention,
  promptRetention,
  onStatus: (status) => tell({ say: 'status', status }),
});

async function answer({ id, ask }: ThreadRequest): Promise<void> {
  const ok = ask === 'flush' ? await mover.flush() : await mover.close();
  if (ask === 'close') await store.close();
  tell({ say: 'done', id, ok });
}

parentPort?.on('message', (request: ThreadRequest) => void answer(request));
