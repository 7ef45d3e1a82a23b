import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { intentOf, outcomeOf } from '../../../src/ledger/fixtures.ts';
import { openStore } from '../../../src/ledger/open-store.ts';
import { json, startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { runCli, startServe } from '../../support/cli.ts';
import { asking, temporaryFolder } from '../../support/gateway.ts';

/** Clears the screen, sets the title, writes to the clipboard, turns text round, begins a new line, and a formula. */
const ORDERS =
  '=cmd\u001b[2J\u001b]0;owned\u0007\u001b]52;c;eA==\u0007\u009b31m\u0090q\u009c\u202etxt.exe\r\nroot active\u2028\u0000\u0008\u007f';
/** What of it may not reach a terminal. */
const TOLD = /\r(?!\n)|(?![\t\n\r])\p{Cc}|[\u202e\u2028]/u;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;
let config: object;

beforeAll(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider(
    json(JSON.stringify({ error: { message: `no ${ORDERS}` }, data: [{ id: ORDERS }] }), 400),
  );
  config = {
    storage: { url: 'file:ledger.db', journal: 'journal' },
    server: { port: 0 },
    providers: { one: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'provider-key-1', allowUnpriced: true } },
    models: [
      {
        id: `odd${ORDERS.replaceAll(/[\s,]/g, '')}`,
        provider: 'one',
        model: `up ${ORDERS}`,
        price: { input: 1, output: 2 },
        aliases: ['odd'],
      },
    ],
    auth: { keys: [{ name: `key ${ORDERS}`, key: 'sb-0123456789-key-of-odd' }] },
  };
  await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
  const store = await openStore(`file:${folder.path}/ledger.db`, { clock: systemClock });
  const at = Date.now() - 1000;
  const names = {
    user: ORDERS,
    role: ORDERS,
    key: ORDERS,
    session: ORDERS,
    tags: { [ORDERS]: ORDERS },
    requested: ORDERS,
  };
  await store.append([
    intentOf('a1', at, names),
    outcomeOf('a1', at, 1000n, { model: ORDERS, provider: ORDERS, errorCode: ORDERS }),
  ]);
  await store.close();
});

afterAll(async () => {
  await upstream.close();
  await folder.remove();
});

const run = (...args: string[]) => runCli(args, { cwd: folder.path });

describe('a terminal', () => {
  it.each(
    [
      ['usage', 'show', '--by', 'user'],
      ['usage', 'show', '--by', 'tag'],
      ['usage', 'history', '--by', 'model'],
      ['usage', 'export', '--of', 'requests'],
      ['keys', 'list'],
      ['keys', 'revoke', ORDERS.replaceAll('\0', '')],
      ['models'],
      ['models', '--json'],
      ['doctor'],
      ['route', `say ${ORDERS.replaceAll('\0', '')}`],
      ['config', 'check', '--config', `${ORDERS.replaceAll('\0', '')}.yaml`],
    ].map((args) => ({
      args,
      shown: args
        .join(' ')
        .slice(0, 60)
        .replaceAll(/[^ -~]/g, '?'),
    })),
  )('is given no orders by $shown', async ({ args }) => {
    const { stdout, stderr } = await run(...args);
    for (const told of [stdout, stderr]) expect(TOLD.exec(told)?.[0], told.slice(0, 500)).toBeUndefined();
    expect(stdout + stderr).not.toBe('');
  });

  it('is given no rows that names made up, and no formula', async () => {
    const { stdout } = await run('usage', 'show', '--by', 'user');
    expect(stdout.split('\n').filter((line) => line.startsWith('root active'))).toEqual([]);
    const { stdout: csv } = await run('usage', 'export', '--of', 'requests');
    expect(csv).toContain("'=cmd");
    expect(csv).not.toMatch(/(?:^|,|\n)"?=cmd/);
    // A file has what was stored.
    await run('usage', 'export', '--of', 'requests', '--format', 'jsonl', '--out', 'all.jsonl');
    const line: unknown = JSON.parse(await readFile(join(folder.path, 'all.jsonl'), 'utf8'));
    expect(line).toMatchObject({ user: ORDERS });
  });

  it('is given no orders by the log of a gateway either, and every line of it is JSON', async () => {
    const serving = await startServe(['--log', 'debug'], { cwd: folder.path });
    try {
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'a\u009b31m"}\\',
        'x-signalbox-user': '\u0090q',
      };
      for (const model of ['odd', `one/${ORDERS}`, ORDERS]) {
        await fetch(`${serving.url}/v1/chat/completions`, {
          method: 'POST',
          headers,
          body: JSON.stringify(asking('Hi', { model })),
        });
      }
      await fetch(`${serving.url}/${encodeURIComponent(ORDERS)}`, { headers });
      await fetch(`${serving.url}/ui/login`, {
        method: 'POST',
        headers: { origin: serving.url },
        body: new URLSearchParams({ key: ORDERS }),
      });
    } finally {
      serving.child.kill('SIGTERM');
    }
    const { stderr } = await serving.ended;
    expect(TOLD.exec(stderr)?.[0], stderr).toBeUndefined();
    const lines = stderr.trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow();
  });
});
