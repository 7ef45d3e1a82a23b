import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { embeddersOf } from '../config/references.ts';
import type { Config, EmbedderConfig } from '../config/schema.ts';
import { isTextFault } from '../providers/embedders/batched.ts';
import { createEmbedder } from '../providers/embedders/registry.ts';
import type { Transport } from '../providers/transport.ts';
import { ownWords } from './quotes.ts';
import type { Embedder } from '../query/embedder.ts';
import { silentLog, type Log } from '../telemetry/log.ts';

/** Why a request was routed without its vector. */
export type EmbedderWarning = 'embedder-timeout' | 'embedder-failed' | 'embedder-cooling';

/** A vector, or why there is none; nothing at all for an empty text. */
export interface Embedded {
  readonly embedding?: Float32Array;
  readonly warning?: EmbedderWarning;
}

/** An embedder as requests use it. */
export interface Embedding {
  /** At once when the vector is at hand or the embedder is left alone; otherwise within the deadline. Never fails. */
  of(text: string): Embedded | Promise<Embedded>;
  /** Ends what the embedder keeps running; requests that still wait go without. */
  close(): Promise<void>;
}

/** Vectors kept, by the hash of their text. */
const CACHE_BYTES = 32 * 2 ** 20;
const HASH_BYTES = 100;
/** A call goes on this long after its requests gave up: what comes late is at hand next time, and a model gets loaded. */
const CALL_MS = 30_000;
/** The embedder is left alone for this long after a failure, twice as long after each further one. */
const COOL_MS = 1000;
const MAX_COOL_MS = 60_000;

const NOTHING: Embedded = {};
const COOLING: Embedded = { warning: 'embedder-cooling' };

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Failures in a row and when the embedder may be tried again: one request tries, the others go without. */
function createCoolDown(clock: Clock) {
  let failures = 0;
  let until = 0;
  let trying = false;
  return {
    /** True when this request may ask. Whoever asks must report how it went. */
    enter(): boolean {
      if (failures === 0) return true;
      if (trying || clock.elapsed() < until) return false;
      trying = true;
      return true;
    },
    worked(): void {
      failures = 0;
      trying = false;
    },
    /** True when a cool-down begins with it. */
    failed(): boolean {
      trying = false;
      // Requests that failed together are one failure.
      if (clock.elapsed() < until) return false;
      until = clock.elapsed() + Math.min(MAX_COOL_MS, COOL_MS * 2 ** failures);
      failures++;
      return true;
    },
  };
}

/** An embedder behind a cache, a deadline and a cool-down. */
export function createEmbedding(
  embedder: Embedder,
  { deadline, clock, log = silentLog }: { readonly deadline: number; readonly clock: Clock; readonly log?: Log },
): Embedding {
  const cache = new LRUCache<string, Float32Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (vector) => vector.byteLength + HASH_BYTES,
  });
  const calls = new Map<string, Promise<Float32Array>>();
  const coolDown = createCoolDown(clock);

  const call = (key: string, text: string): Promise<Float32Array> => {
    const started = calls.get(key);
    if (started !== undefined) return started;
    const work = embedder
      .embed([text], AbortSignal.timeout(CALL_MS))
      .then(([vector]) => {
        if (vector === undefined) throw new RangeError('no vector');
        cache.set(key, vector);
        return vector;
      })
      .finally(() => calls.delete(key));
    calls.set(key, work);
    return work;
  };

  const trouble = (warning: EmbedderWarning, error: string): Embedded => {
    if (coolDown.failed()) {
      log.warn({ embedder: embedder.name, error }, 'no vectors from the embedder; requests go without for now');
    }
    return { warning };
  };

  const wait = async (key: string, text: string): Promise<Embedded> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), deadline);
    });
    try {
      const embedding = await Promise.race([call(key, text), late]);
      if (embedding === undefined) return trouble('embedder-timeout', `nothing within ${deadline} ms`);
      coolDown.worked();
      return { embedding };
    } catch (error) {
      if (!isTextFault(error))
        // Whose text its words may quote is not known: those of one call are of several requests.
        return trouble('embedder-failed', ownWords(error instanceof Error ? error.message : String(error)));
      coolDown.worked();
      return { warning: 'embedder-failed' };
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    of(text) {
      if (text.trim() === '') return NOTHING;
      const key = hashOf(text);
      const embedding = cache.get(key);
      if (embedding !== undefined) return { embedding };
      return coolDown.enter() ? wait(key, text) : COOLING;
    },
    close: async () => embedder.close?.(),
  };
}

/** The embedders of a configuration by their setting. */
export type Embeddings = ReadonlyMap<EmbedderConfig, Embedding>;

/** Makes the embedders of one configuration after another. */
export interface EmbeddingKeeper {
  /** One whose settings did not change stays, with its cache and its cool-down; one that is not used any more is closed. */
  of(config: Pick<Config, 'providers' | 'routing' | 'roles'>): Embeddings;
  close(): Promise<void>;
}

/** Keeps embedders from one configuration to the next. */
export function createEmbeddingKeeper(deps: {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log?: Log;
}): EmbeddingKeeper {
  let kept = new Map<string, Embedding>();
  const closeAll = async (embeddings: readonly Embedding[]) => {
    await Promise.all(embeddings.map((embedding) => embedding.close()));
  };
  return {
    of(config) {
      const made = new Map<string, Embedding>();
      const bySetting = new Map<EmbedderConfig, Embedding>();
      for (const [, settings] of embeddersOf(config)) {
        const key = JSON.stringify([settings, config.providers[settings.provider ?? '']]);
        const embedder = createEmbedder(settings, config.providers, deps.transport);
        if (embedder === undefined) continue;
        const { deadline } = settings;
        const embedding = made.get(key) ?? kept.get(key) ?? createEmbedding(embedder, { ...deps, deadline });
        made.set(key, embedding);
        bySetting.set(settings, embedding);
      }
      const dropped = [...kept].filter(([key]) => !made.has(key)).map(([, embedding]) => embedding);
      kept = made;
      void closeAll(dropped);
      return bySetting;
    },
    close: () => closeAll([...kept.values()]),
  };
}
