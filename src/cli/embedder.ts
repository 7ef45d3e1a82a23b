import { resolve } from 'node:path';
import { checkedConfig } from '../checked.ts';
import { withDotEnv, type Environment } from '../config/environment.ts';
import type { EmbedderConfig } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { embedAll } from '../providers/embedders/embed-all.ts';
import { createEmbedder } from '../providers/embedders/registry.ts';
import { createTransport } from '../providers/transport.ts';
import { spaceOf } from '../query/embedder.ts';
import type { EmbedTexts } from '../training/train-thread.ts';

/** The option of every command that learns from vectors. */
export const EMBEDDER_ARG = {
  type: 'string',
  description: "Learn from vectors too; as routing.embedder: '{ kind: ollama, model: nomic-embed-text }'",
  valueHint: 'yaml',
} as const;

const EXAMPLE = "such as '{ kind: ollama, model: nomic-embed-text }'";

async function readYaml(text: string): Promise<unknown> {
  // Few commands need the YAML library.
  const { parse } = await import('yaml');
  try {
    const value: unknown = parse(text, { prettyErrors: false, maxAliasCount: 0 });
    return value;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('config_invalid', `--embedder is not YAML, ${EXAMPLE}: ${why}`, { cause });
  }
}

/**
 * The embedder that an option means: the object of `routing.embedder`, by the same rules, `${ENV}` and `.env` included.
 * @throws `config_invalid` with every problem, one per line: `--embedder.kind: expected one of …`
 */
export async function embedderOption(text: string, env: Environment = process.env): Promise<EmbedderConfig> {
  const embedder = await readYaml(text);
  if (typeof embedder !== 'object' || embedder === null || Array.isArray(embedder)) {
    throw new SignalboxError('config_invalid', `--embedder takes what routing.embedder does, ${EXAMPLE}`);
  }
  if ('provider' in embedder) {
    throw new SignalboxError(
      'config_invalid',
      '--embedder.provider: no configuration is read here; write baseUrl and apiKey ("${NAME}" is taken from the environment)',
    );
  }
  // The smallest configuration around it, so that the schema, its words and every check are those of a configuration.
  const provider = { kind: 'simulated', models: { none: { skill: {} } } };
  const around = { providers: { none: provider }, models: [{ id: 'none', provider: 'none' }] };
  const environment = await withDotEnv(resolve('.env'), env);
  const loaded = await checkedConfig({ ...around, routing: { embedder } }, environment).catch((cause: unknown) => {
    if (!SignalboxError.is(cause)) throw cause;
    const message = cause.message.replaceAll('config routing.embedder', '--embedder');
    throw new SignalboxError(cause.code, message, { cause });
  });
  const found = loaded.config.routing.embedder;
  if (found === undefined || found.kind === 'hashed') {
    throw new SignalboxError('config_invalid', '--embedder.kind: hashed gives no vectors; leave --embedder out');
  }
  return found;
}

/** An embedder that is open. */
export interface OpenEmbedder {
  /** `kind/model` */
  readonly name: string;
  readonly embed: EmbedTexts;
  close(): Promise<void>;
}

/**
 * Opens the embedder of an option; undefined without one. Nothing is called before its `embed`, which throws as
 * {@link embedAll} does.
 * @throws as {@link embedderOption}.
 */
export async function openEmbedder(text: string | undefined): Promise<OpenEmbedder | undefined> {
  if (text === undefined) return undefined;
  const settings = await embedderOption(text);
  const transport = createTransport();
  const embedder = createEmbedder(settings, {}, transport);
  if (embedder === undefined) return undefined;
  return {
    name: embedder.name,
    async embed(texts, options) {
      const vectors = await embedAll(embedder, texts, options);
      const dim = vectors.find((vector) => vector !== undefined)?.length;
      if (dim === undefined) throw new SignalboxError('dataset_invalid', 'no query has a text to make a vector of');
      return { space: spaceOf(settings, dim), vectors };
    },
    async close() {
      await embedder.close?.();
      await transport.close();
    },
  };
}

/**
 * Refuses a router that learns from vectors alone where there are none.
 * @throws `invalid_request`
 */
export function requireEmbedder(
  routers: readonly { readonly name: string; readonly learnsFrom?: 'embedding' }[],
  embedder: string | undefined,
): void {
  const blind = routers.find(({ learnsFrom }) => learnsFrom === 'embedding');
  if (embedder !== undefined || blind === undefined) return;
  throw new SignalboxError(
    'invalid_request',
    `--router ${blind.name} learns from vectors alone: add --embedder, ${EXAMPLE}`,
  );
}
