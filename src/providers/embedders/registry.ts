import { embeddersOf } from '../../config/references.ts';
import type { Config, EmbedderConfig, ProviderConfig } from '../../config/schema.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import type { Embedder } from '../../query/embedder.ts';
import { baseHeaders } from '../host-keys.ts';
import { pathsOf, presetOf, type Preset } from '../presets.ts';
import { createRedactor } from '../redact.ts';
import type { Transport } from '../transport.ts';
import { batched } from './batched.ts';
import type { Endpoint } from './http.ts';
import { createOllamaEmbedder } from './ollama.ts';
import { createOpenAIEmbedder } from './openai.ts';
import { createThreadedTransformers } from './transformers-thread.ts';
import { createTransformersEmbedder } from './transformers.ts';

/** Requests that arrive within this many milliseconds share a call. */
const WINDOW_MS = 2;
const MAX_BATCH = 64;

/** What an address and its key need of a provider. */
type Host = Pick<ProviderConfig, 'kind' | 'baseUrl' | 'apiKey' | 'headers' | 'apiVersion'>;

/** The provider that an embedder means: a configured one, or one of its own. */
function hostOf({ kind, provider, baseUrl, apiKey }: EmbedderConfig, providers: Config['providers']): Host | undefined {
  if (provider !== undefined) return providers[provider];
  return { kind, ...(baseUrl === undefined ? {} : { baseUrl }), ...(apiKey === undefined ? {} : { apiKey }) };
}

/** Where the embeddings of a host are. */
function openaiPath(preset: Preset, model: string): string {
  const path = pathsOf(preset)['openai-embeddings'] ?? '/embeddings';
  return path.replace('{model}', encodeURIComponent(model));
}

function endpointOf(
  settings: EmbedderConfig,
  model: string,
  providers: Config['providers'],
  transport: Transport,
): Endpoint {
  const host = hostOf(settings, providers);
  const preset = host === undefined ? undefined : presetOf(host.kind);
  const base = host?.baseUrl ?? preset?.baseUrl;
  if (host === undefined || preset === undefined || base === undefined) {
    throw new RangeError('this embedder has no address; the configuration was not checked');
  }
  const version = host.apiVersion ?? preset.apiVersion;
  const path = settings.kind === 'ollama' ? '/api/embed' : openaiPath(preset, model);
  const query = version === undefined ? '' : `?api-version=${encodeURIComponent(version)}`;
  return {
    url: new URL(base.replace(/\/+$/, '') + path + query),
    headers: { ...baseHeaders(host, preset), accept: 'application/json' },
    transport,
    redactor: createRedactor(host),
  };
}

/** In a thread of its own, except where sources run as they are: threads need compiled files. */
const createLocal = import.meta.url.endsWith('.ts') ? createTransformersEmbedder : createThreadedTransformers;

/** The embedder of a setting; undefined for `hashed`, which needs none. Calls are gathered into batches. */
export function createEmbedder(
  settings: EmbedderConfig,
  providers: Config['providers'],
  transport: Transport,
): Embedder | undefined {
  const { kind, model = '', dimensions } = settings;
  const batches = { window: WINDOW_MS, max: MAX_BATCH };
  switch (kind) {
    case 'hashed':
      return undefined;
    case 'openai':
      return batched(
        createOpenAIEmbedder({ model, dimensions }, endpointOf(settings, model, providers, transport)),
        batches,
      );
    case 'ollama':
      return batched(
        createOllamaEmbedder({ model, dimensions }, endpointOf(settings, model, providers, transport)),
        batches,
      );
    case 'transformers':
      return batched(createLocal({ model, dimensions }), batches);
    default:
      return kind satisfies never;
  }
}

/** What a schema cannot know: whether an embedder's provider speaks its wire. */
export function embedderChecks(config: Pick<Config, 'providers' | 'routing' | 'roles'>): ConfigProblem[] {
  return embeddersOf(config).flatMap(([path, settings]): ConfigProblem[] => {
    const { kind, provider } = settings;
    if (kind === 'hashed') return [];
    const local = kind === 'transformers' && (provider ?? settings.baseUrl ?? settings.apiKey) !== undefined;
    if (local) return [{ path, message: 'kind transformers reads files: leave out provider, baseUrl and apiKey' }];
    const host = provider === undefined ? undefined : config.providers[provider];
    if (host === undefined) return [];
    if (host.callerKey) {
      return [
        {
          path: [...path, 'provider'],
          message: `provider "${provider}" is called with callers’ keys only (callerKey), and vectors are made without any: give the embedder a provider of its own`,
        },
      ];
    }
    const fits = kind === 'ollama' ? host.kind === 'ollama' : presetOf(host.kind) !== undefined;
    return fits
      ? []
      : [
          {
            path: [...path, 'provider'],
            message: `provider "${provider}" of kind ${host.kind} has no ${kind} embeddings`,
          },
        ];
  });
}
