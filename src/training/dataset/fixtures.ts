import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { SignalboxError } from '../../errors.ts';
import type { DatasetRow } from './row.ts';

/** A folder for the tests of one file, and a way to put files there. */
export function scratch(): {
  path(name: string): string;
  put(name: string, content: string | Uint8Array): Promise<string>;
} {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-dataset-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const path = (name: string): string => join(folder, name);
  return {
    path,
    async put(name, content) {
      await writeFile(path(name), content);
      return path(name);
    },
  };
}

/** All that an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Code and message of the error that work ends with, the folder left out. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!SignalboxError.is(error)) throw error;
    return `${error.code}: ${error.message.replaceAll(/\S*signalbox-dataset-\w+[/\\]/g, '')}`;
  }
  return 'no error';
}

/** A row in a line of our own format. */
export function line(id: string, outcomes: object = { m: { score: 1 } }, more: object = {}): string {
  return JSON.stringify({ id, query: `query ${id}`, outcomes, ...more });
}

/** A plain row. */
export function row(
  id: string,
  query: string,
  scores: Readonly<Record<string, number>>,
  more: object = {},
): DatasetRow {
  const outcomes = Object.fromEntries(Object.entries(scores).map(([model, score]) => [model, { score }]));
  return { id, dataset: 'test', query, outcomes, ...more };
}
