import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Price } from '../../src/catalog/model.ts';
import { systemClock } from '../../src/clock.ts';
import { intentOf, outcomeOf } from '../../src/ledger/fixtures.ts';
import { openStore } from '../../src/ledger/open-store.ts';
import type { Outcome, Rec } from '../../src/ledger/record.ts';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';

const DAY = 86_400_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const now = Date.now();

const run = (...args: string[]) => runCli(args, { cwd: folder.path });
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await run(...args, '--json');
  // Whatever takes more than a second says that it is at work.
  expect([code, stderr.replaceAll(/^[a-z ]+…\n/gm, '')]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
};

/** 1 USD in and 2 out per million tokens. */
const price: Price = { input: 1, output: 2, provenance: { source: 'config', date: '2026-11-01' } };

function request(id: string, at: number, rest: Partial<Outcome> = {}, user?: string): Rec[] {
  const usage = { input: 1000, output: 100 };
  const call = { model: 'small', upstream: 'one/up-small', provider: 'one', startedAt: at, ms: 1, usage, price };
  const cost = 1_200_000n;
  const attempts = [{ ...call, cost }];
  const intent = intentOf(id, at, { user, role: '=cmd()', tags: { team: '@a' } });
  return [intent, outcomeOf(id, at, cost, { attempts, usage, provider: 'one', baselineCost: null, ...rest })];
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = {
    storage: { url: 'file:ledger.db', journal: 'journal' },
    providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k' } },
    // Twice what was booked.
    models: [
      { id: 'small', provider: 'one', model: 'up-small', price: { input: 2, output: 4 } },
      { id: 'odd', provider: 'one', model: 'nobody-knows-it' },
    ],
  };
  await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
  const store = await openStore(`file:${folder.path}/ledger.db`, { clock: systemClock });
  const many = Array.from({ length: 1200 }, (_, i) => request(`a${i}`, now - 3 * DAY - i, {}, i === 0 ? '+1' : 'u'));
  await store.append(many.flat());
  const interrupted = { status: 'interrupted' as const, attempts: [], cost: 5_000_000n, model: undefined };
  const unpriced = {
    cost: null,
    attempts: [
      {
        model: 'odd',
        upstream: 'one/nobody-knows-it',
        provider: 'one',
        startedAt: now,
        ms: 1,
        usage: { input: 5, output: 5 },
        cost: null,
      },
    ],
  };
  await store.append([
    ...request('b1', now - 1000, interrupted),
    ...request('b2', now - 1000, { ...unpriced, model: 'odd' }),
  ]);
  await store.close();
});

afterAll(() => folder.remove());

describe('usage show', () => {
  it('has a total, what is held apart from what was spent, and unknown prices', async () => {
    const { code, stdout } = await run('usage', 'show', '--zone', 'Asia/Kolkata');
    expect(code).toBe(0);
    expect(stdout).toMatch(/model +requests +failed +tokens in +tokens out +spent +held +saved/);
    // 1200 requests of 0.0012 USD
    expect(stdout).toMatch(/\ntotal +1202 .*\$1\.44 +\$0\.005\d* /);
    expect(stdout).toContain('* held: reserves of 1 interrupted requests');
    expect(stdout).toContain('* 1 requests have no known price');
    expect(stdout).toContain('no price is known of one/nobody-knows-it');
    expect(stdout).toContain('saved: counterfactual');
    expect(stdout).toContain('days of Asia/Kolkata');
  });

  it('says the same as JSON', async () => {
    const report = await json('usage', '--window', 'month', '--by', 'role');
    expect(report).toMatchObject({
      zone: 'UTC',
      prices: { unknown: ['one/nobody-knows-it'], stale: [] },
      savings: { method: expect.stringContaining('routing.default') },
      total: { interrupted: 1, reservedUsd: 0.005, unpriced: 1 },
    });
    expect(report).toHaveProperty('projection');
  });

  it.each([
    [['--zone', 'Mars/Olympus'], /none called "Mars\/Olympus"/],
    [['--since', 'lately'], /--since takes/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run('usage', 'show', ...args);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});

describe('usage export', () => {
  it('writes one row per request, more than one page of them, with formulas disarmed', async () => {
    const { code, stdout } = await run('usage', 'export', '--of', 'requests', '--window', 'all');
    expect(code).toBe(0);
    const lines = stdout.split('\r\n');
    expect(lines).toHaveLength(1 + 1202 + 1);
    expect(lines[0]).toMatch(/^id,at,status,requested,model,/);
    const first = lines.find((line) => line.startsWith('a0,')) ?? '';
    expect(first).toContain(",'=cmd(),");
    expect(first).toContain(",'+1,");
    expect(first).toMatch(/,team=@a$/);
    expect(first).not.toMatch(/,[=+@]/);
  });

  it('writes a file that only its owner reads, as JSON, sums by week of a zone', async () => {
    const args = [
      'usage',
      'export',
      '--format',
      'json',
      '--bucket',
      'week',
      '--zone',
      'Europe/Berlin',
      '--out',
      'sums.json',
    ];
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^signalbox: wrote \d rows? to sums\.json$/m);
    expect(await run(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('sums.json exists already; --force replaces it'),
    });
    expect(await run(...args, '--force')).toMatchObject({ code: 0 });
    const path = join(folder.path, 'sums.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { data } = JSON.parse(await readFile(path, 'utf8')) as { data: { start: string; requests: number }[] };
    expect(data.reduce((sum, row) => sum + row.requests, 0)).toBe(1202);
    const starts = data.map(({ start }) =>
      new Date(start).toLocaleString('en', {
        timeZone: 'Europe/Berlin',
        weekday: 'short',
        hour: 'numeric',
        hourCycle: 'h23',
      }),
    );
    for (const start of starts) expect(start).toMatch(/Mon.*00/);
  });

  it('says where it cannot write', async () => {
    const { code, stderr } = await run('usage', 'export', '--out', 'no/such/folder/x.csv');
    expect(code).not.toBe(0);
    expect(stderr).toContain('no/such/folder/x.csv cannot be written: there is no such file or folder');
    expect(stderr).not.toContain('ENOENT');
  });
});

describe('usage reconcile', () => {
  it('sets the ledger against a file, and names what is missing', async () => {
    const day = (at: number) => new Date(at).toISOString().slice(0, 10);
    const bill = `Day,Model,USD\n${day(now - 3 * DAY)},up-small-2026-01-01,1.6\n${day(now - 3 * DAY)},other,1\n`;
    await writeFile(join(folder.path, 'bill.csv'), bill);
    const args = ['usage', 'reconcile', 'bill.csv', '--columns', 'date=Day,model=Model,cost=USD'];
    const { code, stdout } = await run(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/up-small +\$1\.\d\d +\$1\.60 +\d\d\.\d\d %/);
    expect(stdout).toMatch(/other +\$1\.00 +not in the ledger/);
    expect(await json(...args)).toMatchObject({ measure: 'costUsd', total: { billed: 2.6 } });
  });

  it('says what it does not understand', async () => {
    await writeFile(join(folder.path, 'odd.csv'), 'a,b\n1,2\n');
    const { code, stderr } = await run('usage', 'reconcile', 'odd.csv');
    expect(code).not.toBe(0);
    expect(stderr).toContain('--columns date=…');
    expect(await run('usage', 'reconcile', 'none.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/: none\.csv cannot be read: there is no such file or folder\n$/),
    });
    expect(await run('usage', 'reconcile')).toMatchObject({
      code: 2,
      stderr: 'signalbox: <file> is missing; write signalbox usage reconcile <file>\n',
    });
  });
});

describe('usage reprice', () => {
  const digest = async () =>
    createHash('sha256')
      .update(JSON.stringify((await json('usage', '--window', 'all'))['data']))
      .digest('hex');

  it('says what would change, changes it once, by a version too, and has it back', async () => {
    const before = await digest();
    const would = { requests: 1201, changed: 1200, unknown: 1, beforeUsd: 1.44, afterUsd: 2.88, changeUsd: 1.44 };
    expect(await json('usage', 'reprice', '--since', '30d', '--dry-run')).toMatchObject({ ...would, dryRun: true });
    expect(await digest()).toBe(before);
    const { code, stdout } = await run('usage', 'reprice', '--since', '30d');
    expect(code).toBe(0);
    expect(stdout).toContain('1201 requests looked at, 1200 changed: $1.44 before, $2.88 after (+$1.44)');
    expect(stdout).toContain('1 stay of unknown price');
    expect(await json('usage', 'reprice', '--since', '30d')).toMatchObject({
      changed: 0,
      beforeUsd: 2.88,
      afterUsd: 2.88,
    });
    expect(await json('usage', '--window', 'all')).toMatchObject({ total: { costUsd: 2.885, unpriced: 1 } });

    const { data } = (await json('usage', 'prices')) as { data: { version: string; price: Price }[] };
    const old = data.find((stored) => stored.price.input === 1)?.version ?? '';
    expect(old).toMatch(/^[0-9a-f]{12}$/);
    expect(await json('usage', 'reprice', '--since', '30d', '--prices', old, '--model', 'small')).toMatchObject({
      changed: 1200,
      afterUsd: 1.44,
    });
    expect(await json('usage', 'reprice', '--since', '30d', '--prices', 'original')).toMatchObject({ afterUsd: 1.44 });
    expect(await digest()).toBe(before);
  });

  it.each([
    [['--prices', 'abc'], /a version of signalbox usage prices; there is no "abc"/],
    [['--since', '2026-11-02', '--until', '2026-11-01'], /--since must lie before/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(
      'usage',
      'reprice',
      ...(args.includes('--since') ? [] : ['--since', '1d']),
      ...args,
    );
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
