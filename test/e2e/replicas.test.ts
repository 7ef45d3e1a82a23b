import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answers, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { runCli, startServe, type RunningCli } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';
import { createSchema, hasPostgres, type TestSchema } from '../support/postgres.ts';

const there = await hasPostgres('several processes on one PostgreSQL');

describe.runIf(there)('processes that share a ledger in PostgreSQL', { timeout: 60_000 }, () => {
  let upstream: MockProvider;
  let schema: TestSchema;
  const running: RunningCli[] = [];
  const folders: Awaited<ReturnType<typeof temporaryFolder>>[] = [];

  beforeEach(async () => {
    upstream = await startMockProvider();
    schema = await createSchema();
  });

  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
    for (const folder of folders.splice(0)) await folder.remove();
    await upstream.close();
    await schema.drop();
  });

  /** A machine of its own: what it has on disk nobody else sees. */
  const machine = async () => {
    const folder = await temporaryFolder();
    folders.push(folder);
    const config = {
      storage: { url: schema.url },
      providers: { p: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
      models: [{ id: 'm', provider: 'p', price: { input: 1, output: 2 }, maxOutput: 100 }],
    };
    await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
    return folder.path;
  };
  const serve = async (cwd: string) => {
    const serving = await startServe([], { cwd });
    running.push(serving);
    return serving;
  };
  const post = (url: string) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asking('Hi')),
    });
  const settled = async () =>
    (
      await schema.ask(
        'select coalesce(sum(requests), 0)::int as n, coalesce(sum(interrupted), 0)::int as lost from usage_hourly',
      )
    )[0];
  const inFlight = async () =>
    (await schema.ask('select count(*)::int as n from requests where intent_seen = 1 and status is null'))[0]?.['n'];

  it('start at once on an empty database, count together, and see each other', async () => {
    const replicas = await Promise.all([machine(), machine(), machine()].map(async (cwd) => serve(await cwd)));
    const counts = [20, 30, 10];
    await Promise.all(
      replicas.map(async ({ url }, i) => {
        for (let n = 0; n < (counts[i] ?? 0); n++) expect((await post(url)).status).toBe(200);
      }),
    );
    await expect.poll(settled, { timeout: 15_000 }).toEqual({ n: 60, lost: 0 });
    for (const { url } of replicas) {
      const usage = (await (await fetch(`${url}/router/v1/usage`)).json()) as { data: { requests: number }[] };
      expect(usage.data[0]?.requests).toBe(60);
    }
    const cwd = await machine();
    upstream.behave(json('{"data":[]}'));
    expect((await runCli(['doctor'], { cwd })).stdout).toMatch(/✓ ledger: postgres:\/\/\S+ opened with pg;/);
    // What is in flight in one process is not touched by another that starts or ends.
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.behave(async (request, response) => {
      await held;
      return answers(request, response);
    });
    const waiting = post(replicas[0]?.url ?? '');
    await expect.poll(inFlight, { timeout: 15_000 }).toBe(1);
    replicas[1]?.child.kill('SIGTERM');
    expect((await replicas[1]?.ended)?.code).toBe(0);
    const shown = await runCli(['usage', 'show', '--json'], { cwd });
    expect(JSON.parse(shown.stdout)).toMatchObject({ data: [{ requests: 60, interrupted: 0 }] });
    release();
    expect((await waiting).status).toBe(200);
    await expect.poll(settled, { timeout: 15_000 }).toEqual({ n: 61, lost: 0 });
  });

  it('say what to install where the driver is missing', async () => {
    const resolver =
      "export async function resolve(name,context,next){if(name==='pg')throw new Error('not found');return next(name,context)}";
    const hook = `import{register}from'node:module';register('data:text/javascript,${encodeURIComponent(resolver).replaceAll("'", '%27')}')`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    const { code, stderr } = await runCli(['usage', 'show'], { cwd: await machine(), env });
    expect(stderr).toMatch(/its driver "pg" did not load; run "npm install pg"/);
    expect(code).not.toBe(0);
  });

  it('book what a machine that is lost had in flight', async () => {
    const lost = await machine();
    const dying = await serve(lost);
    for (let n = 0; n < 5; n++) expect((await post(dying.url)).status).toBe(200);
    upstream.behave(() => new Promise<void>(() => {}));
    const waiting = post(dying.url).catch(() => 'cut off');
    await expect.poll(inFlight, { timeout: 15_000 }).toBe(1);
    await expect.poll(settled, { timeout: 15_000 }).toEqual({ n: 5, lost: 0 });
    dying.child.kill('SIGKILL');
    expect(await waiting).toBe('cut off');
    await rm(lost, { recursive: true, force: true });

    // Nobody waits two minutes here: it fell silent then.
    await schema.ask('update positions set updated_at = updated_at - 121000');
    const other = await serve(await machine());
    await expect.poll(settled, { timeout: 15_000 }).toEqual({ n: 6, lost: 1 });
    await expect.poll(() => other.output.stderr).toContain('booked as interrupted');
    const [sum] = await schema.ask(
      "select cost_nano = reserve_nano as reserved from requests where status = 'interrupted'",
    );
    expect(sum).toEqual({ reserved: true });
  });
});
