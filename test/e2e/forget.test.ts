import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterEach, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { Signalbox } from '../../src/library.ts';
import { answers, json, startMockProvider } from '../mock-provider/mock-provider.ts';
import { runCli, startServe, type RunningCli } from '../support/cli.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { bytesIn, tablesWith } from '../support/heard.ts';

const SECRET = 'quokkazanzibar';
const PROMPT = `Where is ${SECRET}?`;
/** Names that stand nowhere else. */
const [SESSION, USER] = ['sessionxylophone', 'userxylophone'];
const NAMES = { 'x-signalbox-session': SESSION, 'x-signalbox-user': USER };
const ADMIN = { authorization: 'Bearer sb-admin-0123456789abcdef' };
const APP = { authorization: 'Bearer sb-app-0123456789abcdef00' };

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(rest: Partial<ConfigInput> = {}): Promise<TestGateway> {
  const upstream = await startMockProvider(answers);
  cleanups.push(() => upstream.close());
  const keys = [
    { name: 'boss', key: ADMIN.authorization.slice(7), admin: true },
    { name: 'app', key: APP.authorization.slice(7) },
  ];
  const gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    storage: { prompts: 'full' },
    auth: { keys, mode: 'required' },
    ...rest,
  });
  cleanups.push(() => gateway.close());
  return gateway;
}

async function forget(box: TestGateway, body: object, headers: Readonly<Record<string, string>> = ADMIN) {
  const response = await box.post('/router/v1/forget', body, headers);
  return { status: response.status, body: await response.text() };
}

const idOf = (response: Response) => response.headers.get('x-signalbox-request-id') ?? '';

/** That a text is nowhere in a gateway's files. */
async function gone(box: TestGateway, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) expect(await tablesWith(box, text)).toEqual({});
  const journal = await bytesIn(join(box.folder, 'journal'));
  for (const text of texts) expect(journal).not.toContain(text);
}

describe('POST /router/v1/forget', () => {
  it.each([
    ['key', { key: 'app' }],
    ['session', { session: SESSION }],
    ['user', { user: USER }],
    ['before', { before: new Date(Date.now() + 3_600_000).toISOString() }],
    ['all of them', { key: 'app', session: SESSION, user: USER }],
  ])('takes prompts and names out of store, journal and memory, by %s; money stays', async (_by, whose) => {
    const box = await start();
    const other = await box.chat(asking('Hello'), { ...ADMIN, 'x-signalbox-user': 'other' });
    const mine = await box.chat(asking(PROMPT), { ...APP, ...NAMES });
    const told = { decisionId: idOf(mine), score: 0.5, comment: PROMPT };
    expect((await box.post('/router/v1/feedback', told, APP)).status).toBe(202);
    const stats = async () => (await box.get('/router/v1/stats', ADMIN)).json();
    const usage = async () => (await box.get('/router/v1/usage?by=key', ADMIN)).json();
    await box.engine.ledger.flush();
    const money = [await stats(), ((await usage()) as { data: unknown }).data];
    // Still in the journal when it is forgotten.
    const late = await box.chat(asking(PROMPT), { ...APP, ...NAMES });
    const { status, body } = await forget(box, whose);
    expect(status).toBe(200);
    const all = 'before' in whose;
    expect(JSON.parse(body)).toEqual({ requests: all ? 3 : 2, prompts: all ? 3 : 2, feedback: 1 });
    await gone(box, SECRET, SESSION, USER);
    expect(box.engine.runtime.memory.cached({ key: 'app', session: SESSION })).toBeUndefined();
    for (const response of [mine, late]) {
      const shown = await (await box.get(`/router/v1/decisions/${idOf(response)}`, ADMIN)).text();
      for (const text of [SECRET, SESSION, USER]) expect(shown).not.toContain(text);
      expect(JSON.parse(shown)).toMatchObject({
        request: { key: 'app' },
        decision: { chosen: expect.any(String), query: { signals: {} } },
        outcome: { status: 'ok', costUsd: expect.any(Number) },
        prompt: null,
      });
    }
    const kept = JSON.parse(await (await box.get(`/router/v1/decisions/${idOf(other)}`, ADMIN)).text()) as object;
    expect(kept).toMatchObject(all ? { prompt: null } : { request: { user: 'other' }, prompt: { features: true } });
    const after = JSON.parse((await forget(box, whose)).body) as object;
    expect(after).toEqual({ requests: 0, prompts: 0, feedback: 0 });
    const [was, rows] = money;
    expect(await stats()).toMatchObject({ requests: (was as { requests: number }).requests + 1 });
    expect(((await usage()) as { data: object[] }).data).toHaveLength((rows as object[]).length);
  });

  it('knows a late request as one that was asked to be forgotten, when it comes from another journal', async () => {
    const box = await start();
    await box.engine.ledger.flush();
    await forget(box, { user: USER });
    const response = await box.chat(asking(PROMPT), { ...APP, ...NAMES });
    // What comes after it was asked is kept.
    const found = await box.entryOf(response);
    expect(found?.intent.request.user).toBe(USER);
  });

  it('needs an administrator and somebody to forget', async () => {
    const box = await start();
    expect((await forget(box, { user: USER }, APP)).status).toBe(403);
    expect((await forget(box, { user: USER }, {})).status).toBe(401);
    for (const body of [{}, { user: '' }, { key: 'app', user: '\u0000' }, { users: 'x' }, { before: 'yesterday' }]) {
      expect((await forget(box, body)).status).toBe(400);
    }
  });

  it('takes out what failed calls said', async () => {
    const upstream = await startMockProvider(json(JSON.stringify({ error: { message: `no ${PROMPT}` } }), 400));
    cleanups.push(() => upstream.close());
    const box = await start(twoModels(upstream.baseUrl));
    await box.chat(asking(PROMPT), { ...APP, ...NAMES });
    await box.engine.ledger.flush();
    expect(Object.keys(await tablesWith(box, SECRET))).toEqual(expect.arrayContaining(['attempts', 'prompts']));
    await forget(box, { session: SESSION });
    await gone(box, SECRET, SESSION);
  });
});

it('a library forgets, and refuses to forget nobody in particular', async () => {
  const upstream = await startMockProvider(answers);
  cleanups.push(() => upstream.close());
  const box = await Signalbox.open({ ...twoModels(upstream.baseUrl), storage: { url: 'memory:', prompts: 'full' } });
  cleanups.push(() => box.close());
  const reply = await box.chat({ messages: asking(PROMPT).messages, user: USER, session: SESSION });
  await expect(box.forget({})).rejects.toThrow('say whose requests');
  await expect(box.forget({ key: 'k', user: ' ' })).rejects.toThrow('user: expected a name');
  expect(await box.forget({ user: USER })).toEqual({ requests: 1, prompts: 1, feedback: 0 });
  const entry = await box.engine.ledger.store.entry(reply.decision.id);
  expect(entry?.intent.request).not.toHaveProperty('session');
  expect(box.engine.runtime.recent.decision(reply.decision.id)?.query.signals).toEqual({});
});

describe('signalbox forget', () => {
  let running: RunningCli | undefined;

  async function configured() {
    const folder = await temporaryFolder();
    cleanups.push(async () => {
      running?.child.kill('SIGKILL');
      await running?.ended;
      await folder.remove();
    });
    const config = simulatedConfig({ port: 0, folder: join(folder.path, 'data') });
    const storage = { ...config.storage, prompts: 'full' as const };
    await writeFile(join(folder.path, 'signalbox.yaml'), stringify({ ...config, storage }));
    return folder.path;
  }

  it('works on the store of a gateway that runs, which then forgets what it has in memory and journal', async () => {
    const cwd = await configured();
    const { url, ...rest } = await startServe([], { cwd });
    running = rest;
    const chat = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...NAMES },
      body: JSON.stringify(asking(PROMPT)),
    });
    const shown = async () => (await fetch(`${url}/router/v1/decisions/${idOf(chat)}`)).text();
    expect(await shown()).toContain(SESSION);
    const { code, stdout } = await runCli(['forget', '--user', USER, '--json'], { cwd });
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['requests', 'prompts', 'feedback']);
    await expect.poll(shown, { timeout: 15_000 }).not.toContain(SESSION);
    const files = async () => bytesIn(join(cwd, 'data'));
    await expect.poll(async () => (await files()).includes(PROMPT), { timeout: 15_000 }).toBe(false);
    const again = await runCli(['forget', '--user', USER], { cwd });
    expect(again.stdout).toContain('forgot 0 prompts, the names and signals of 0 requests');
  }, 60_000);

  it.each([
    [[], 'say whose requests'],
    [['--user', ''], 'not an empty one'],
    [['--before', 'soon'], '--before takes'],
  ])('says what is missing: %j', async (args, why) => {
    const { code, stderr } = await runCli(['forget', ...args], { cwd: await configured() });
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
