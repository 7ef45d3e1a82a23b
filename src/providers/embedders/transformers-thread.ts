import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Embedder } from '../../query/embedder.ts';
import { UpstreamFailure } from '../provider.ts';

/** What the thread is started with. */
export interface ThreadSetup {
  readonly model: string;
  readonly dimensions?: number | undefined;
}

/** What the thread is asked. */
export interface ThreadRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

/** What the thread answers. */
export type ThreadAnswer =
  | { readonly id: number; readonly vectors: Float32Array[] }
  | { readonly id: number; readonly error: string };

interface Waiting {
  readonly resolve: (vectors: Float32Array[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * {@link createTransformersEmbedder} in a thread of its own: a forward pass holds up the thread that runs it, and that
 * must not be the one that answers requests. The thread starts with the first text, and again after it died. Needs the
 * compiled package.
 */
export function createThreadedTransformers(setup: ThreadSetup): Embedder {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let last = 0;
  let dim = setup.dimensions;

  const ended = (of: Worker, why: string) => {
    if (worker !== of) return;
    worker = undefined;
    for (const { reject } of waiting.values()) reject(new UpstreamFailure('sick', `the embedder's thread ${why}`));
    waiting.clear();
  };
  const settle = (answer: ThreadAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker?.unref();
    if ('error' in answer) asked?.reject(new UpstreamFailure('sick', answer.error));
    else {
      dim = answer.vectors[0]?.length ?? dim;
      asked?.resolve(answer.vectors);
    }
  };
  const start = (): Worker => {
    const started = new Worker(new URL('transformers-worker.js', import.meta.url), {
      workerData: setup,
      name: 'embedder',
    });
    started.on('message', settle);
    started.on('error', (error) => ended(started, `failed: ${error instanceof Error ? error.message : String(error)}`));
    started.on('exit', () => ended(started, 'ended'));
    return started;
  };

  return {
    name: `transformers/${basename(setup.model)}`,
    get dim() {
      return dim;
    },
    embed(texts, signal) {
      signal.throwIfAborted();
      worker ??= start();
      const thread = worker;
      const id = ++last;
      // While somebody waits for it, the thread keeps the process alive.
      thread.ref();
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        thread.postMessage({ id, texts } satisfies ThreadRequest);
      });
    },
    async close() {
      const thread = worker;
      if (thread === undefined) return;
      ended(thread, 'was closed');
      await thread.terminate();
    },
  };
}
