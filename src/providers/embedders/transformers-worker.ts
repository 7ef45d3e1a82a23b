import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadRequest, ThreadSetup } from './transformers-thread.ts';
import { createTransformersEmbedder } from './transformers.ts';

const embedder = createTransformersEmbedder(workerData as ThreadSetup);
const tell = (answer: ThreadAnswer) => parentPort?.postMessage(answer);

async function answer({ id, texts }: ThreadRequest): Promise<void> {
  try {
    tell({ id, vectors: await embedder.embed(texts, new AbortController().signal) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

parentPort?.on('message', (request: ThreadRequest) => void answer(request));
