import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pickSqlite } from '../../src/ledger/sqlite.ts';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { startServe } from '../support/cli.ts';
import { asking, temporaryFolder, twoModels } from '../support/gateway.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;

beforeEach(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider();
  await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(twoModels(upstream.baseUrl)));
});
afterEach(async () => {
  await upstream.close();
  await folder.remove();
});

/** What a gateway logs last, after one request. */
async function lastWords(args: readonly string[], before: () => Promise<void>): Promise<string> {
  const { url, child, ended } = await startServe(args, { cwd: folder.path });
  await before();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asking('Hi')),
  });
  await response.text();
  expect(response.status).toBe(200);
  child.kill('SIGTERM');
  const { stderr } = await ended;
  return stderr.trim().split('\n').at(-1) ?? '';
}

/** Makes the store refuse what it is given. */
async function spoil(): Promise<void> {
  const other = (await pickSqlite())(join(folder.path, '.signalbox/signalbox.db'));
  other.exec('alter table requests rename to elsewhere');
  other.close();
}

describe.each([['one process', []] as const, ['workers', ['--workers', '2']] as const])(
  '%s that ends says where its requests are',
  (_name, args) => {
    it('in the store', async () => {
      expect(await lastWords(args, async () => {})).toContain('the store has everything that the journal took');
    });

    it('in the journal, where the store takes nothing', async () => {
      const words = await lastWords(args, spoil);
      expect(words).toContain('the journal keeps for the next start what the store did not take');
      expect(await readdir(join(folder.path, '.signalbox/journal'))).not.toEqual([]);
    });
  },
);
