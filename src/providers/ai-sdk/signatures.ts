import type { SharedV3ProviderOptions } from '@ai-sdk/provider';
import { LRUCache } from 'lru-cache';
import { isObject } from '../../protocol/guards.ts';
import type { Recall } from './prompt.ts';

/** Calls of tools whose signatures are kept. */
const MAX_SIGNATURES = 5000;

/** What Gemini signs its calls of tools with. */
export interface Signatures {
  keep(model: string, call: { readonly toolCallId: string; readonly providerMetadata?: unknown }): void;
  /** Those of one model: another one can do nothing with them. */
  of(model: string): Recall;
}

/**
 * Keeps the signatures of calls until they come back: Gemini refuses a call of its own without its signature, and chat
 * completions have no place for it.
 */
export function createSignatures(): Signatures {
  const kept = new LRUCache<string, SharedV3ProviderOptions>({ max: MAX_SIGNATURES });
  return {
    keep(model, { toolCallId, providerMetadata }) {
      for (const [vendor, metadata] of Object.entries(isObject(providerMetadata) ? providerMetadata : {})) {
        const thoughtSignature = isObject(metadata) ? metadata['thoughtSignature'] : undefined;
        if (typeof thoughtSignature !== 'string') continue;
        kept.set(`${model} ${toolCallId}`, { [vendor]: { thoughtSignature } });
      }
    },
    of: (model) => (toolCallId) => kept.get(`${model} ${toolCallId}`),
  };
}
