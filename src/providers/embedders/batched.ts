import type { Embedder } from '../../query/embedder.ts';
import { UpstreamFailure, type FailureClass } from '../provider.ts';

/** Failures that one text of a batch may have caused alone. */
const TEXT_FAULTS: ReadonlySet<FailureClass> = new Set(['request', 'context', 'filter']);

/** True when a text, not the embedder, is at fault. */
export function isTextFault(error: unknown): boolean {
  return error instanceof UpstreamFailure && TEXT_FAULTS.has(error.failure);
}

interface Waiting {
  readonly text: string;
  readonly signal: AbortSignal;
  readonly resolve: (vector: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends what is asked for within `window` milliseconds as one call of at most `max` texts. The call ends with the signal
 * of its first text. When the batch is refused for its content, each text is sent alone, so that one bad text fails alone.
 */
export function batched(
  embedder: Embedder,
  { window, max }: { readonly window: number; readonly max: number },
): Embedder {
  let pending: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const [first] = batch;
    if (first === undefined) return;
    try {
      const vectors = await embedder.embed(
        batch.map(({ text }) => text),
        first.signal,
      );
      for (const [i, { resolve, reject }] of batch.entries()) {
        const vector = vectors[i];
        if (vector === undefined) reject(new UpstreamFailure('sick', 'the embedder left a text out'));
        else resolve(vector);
      }
    } catch (error) {
      if (batch.length > 1 && isTextFault(error)) await Promise.all(batch.map((waiting) => send([waiting])));
      else for (const { reject } of batch) reject(error);
    }
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const batch = pending;
    pending = [];
    void send(batch);
  };

  const one = (text: string, signal: AbortSignal) =>
    new Promise<Float32Array>((resolve, reject) => {
      pending.push({ text, signal, resolve, reject });
      if (pending.length >= max) flush();
      else timer ??= setTimeout(flush, window);
    });

  return {
    name: embedder.name,
    get dim() {
      return embedder.dim;
    },
    embed: (texts, signal) => Promise.all(texts.map((text) => one(text, signal))),
    close: async () => embedder.close?.(),
  };
}
