import type { LanguageModelV3 } from '@ai-sdk/provider';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProviderConfig } from '../../config/schema.ts';
import { isObject, type JsonObject } from '../../protocol/guards.ts';
import { UpstreamFailure } from '../provider.ts';

/** Models by name, of one key. */
export type Models = (model: string) => LanguageModelV3;

type Callable = (...values: readonly unknown[]) => unknown;

const isCallable = (value: unknown): value is Callable => typeof value === 'function';

function isModel(value: unknown): value is LanguageModelV3 {
  return isObject(value) && isCallable(value['doGenerate']) && isCallable(value['doStream']);
}

const misconfigured = (message: string, cause?: unknown) =>
  new UpstreamFailure('misconfigured', message, { unsent: true, cause });

function codeOf(error: unknown): unknown {
  return isObject(error) || error instanceof Error ? Reflect.get(error, 'code') : undefined;
}

/** From Signalbox's own neighbours, else from the folder it runs in, where a user installs what a global Signalbox uses. */
async function importFrom(name: string): Promise<unknown> {
  const folder = process.cwd();
  if (name.startsWith('.') || name.startsWith('/')) return import(pathToFileURL(resolve(folder, name)).href);
  try {
    return await import(name);
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
  }
  return import(pathToFileURL(createRequire(resolve(folder, 'package.json')).resolve(name)).href);
}

const MISSING: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

async function importPackage(name: string): Promise<JsonObject> {
  try {
    const loaded = await importFrom(name);
    return isObject(loaded) ? loaded : {};
  } catch (cause) {
    if (!MISSING.has(codeOf(cause))) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw misconfigured(`package ${name} cannot be loaded: ${words}`, cause);
    }
    const advice = name.startsWith('.') || name.startsWith('/') ? 'check its path' : `npm install ${name}`;
    throw misconfigured(`package ${name} is not installed: ${advice}`, cause);
  }
}

/** The function that makes the provider: the one that the configuration names, or the only `create…` that there is. */
function factoryOf(exported: JsonObject, name: string, wanted: string | undefined): Callable {
  const makers = Object.keys(exported).filter((key) => /^create[A-Z]/.test(key) && isCallable(exported[key]));
  const [key = makers[0], ...others] = wanted === undefined ? makers : [wanted];
  const factory = key === undefined ? undefined : exported[key];
  if (isCallable(factory) && others.length === 0) return factory;
  const found = makers.length === 0 ? 'none' : makers.join(', ');
  const what = wanted === undefined ? 'exports no single create… function' : `exports no function ${wanted}`;
  throw misconfigured(`package ${name} ${what}; name one as factory (found: ${found})`);
}

function modelOf(made: unknown, id: string): unknown {
  if (isModel(made)) return made;
  const provider: unknown = isObject(made) || isCallable(made) ? Reflect.get(made, 'languageModel') : undefined;
  if (isCallable(provider)) return provider.call(made, id);
  return isCallable(made) ? made(id) : undefined;
}

/** As the platform's, but that a redirect is an error: it would take the key in the headers to another host. */
const fetchFromHost: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'error' });

/**
 * Loads a package of the AI SDK's and makes its provider for one key.
 * @throws UpstreamFailure `misconfigured`: what is missing and the command that installs it.
 */
export async function loadModels(
  { package: name = '', factory, baseUrl, headers, options }: ProviderConfig,
  apiKey: string | undefined,
): Promise<Models> {
  const make = factoryOf(await importPackage(name), name, factory);
  const made = make({
    fetch: fetchFromHost,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
    ...(headers === undefined ? {} : { headers }),
    ...options,
  });
  return (id) => {
    const model = modelOf(made, id);
    if (!isModel(model)) throw misconfigured(`package ${name} gave no language model for "${id}"`);
    const version: string = model.specificationVersion;
    if (version !== 'v3') {
      throw misconfigured(
        `package ${name} speaks ${version} of the AI SDK's interface; take the one for AI SDK 6 (v3)`,
      );
    }
    return model;
  };
}
