import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadedConfig } from '../config/load.ts';
import { configError } from '../config/problem.ts';
import type { Redact } from './redact.ts';

/** What a module's function is tried on when it is loaded. */
const SAMPLE = 'Call me at +1 555 0100, or write to me@example.com.';

function functionOf(module: unknown): unknown {
  if (typeof module !== 'object' || module === null) return undefined;
  const named: unknown = Reflect.get(module, 'redact');
  return named ?? Reflect.get(module, 'default');
}

const isRedact = (value: unknown): value is Redact => typeof value === 'function';

/**
 * Loads the function of `storage.redact`, found from the configuration's folder; undefined where none is configured. A file
 * that has changed is loaded anew.
 * @throws `config_invalid` with what to do
 */
export async function loadRedact({
  config: { storage },
  path,
}: Pick<LoadedConfig, 'config' | 'path'>): Promise<Redact | undefined> {
  const { redact: setting } = storage;
  if (setting === undefined) return undefined;
  const file = resolve(path === undefined ? process.cwd() : dirname(path), setting);
  const refuse = (why: string, cause?: unknown) => configError([`storage.redact "${setting}": ${why}`], cause);
  const source = await readFile(file).catch((cause: unknown) => {
    throw refuse(`there is no such file; its path starts from the configuration's folder: ${file}`, cause);
  });
  const version = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const module: unknown = await import(`${pathToFileURL(file).href}?${version}`).catch((cause: unknown) => {
    throw refuse(`it cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  });
  const redact = functionOf(module);
  if (!isRedact(redact)) {
    throw refuse('it exports no function: write "export function redact(text) { return … }", or a default one');
  }
  let told: unknown;
  try {
    told = redact(SAMPLE);
  } catch (cause) {
    throw refuse(`its function fails on "${SAMPLE}": ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (typeof told === 'string') return redact;
  if (told instanceof Promise) told.catch(() => {});
  throw refuse(
    `its function must give back a text at once, not ${told instanceof Promise ? 'a promise' : `a value of type ${typeof told}`}`,
  );
}
