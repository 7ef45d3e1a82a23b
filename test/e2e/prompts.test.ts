import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterEach, describe, expect, it } from 'vitest';
import { checkedFile } from '../../src/checked.ts';
import type { ConfigInput, PromptSetting } from '../../src/config/schema.ts';
import { Signalbox } from '../../src/library.ts';
import { ngramsOf } from '../../src/query/ngrams.ts';
import { unpackNgrams } from '../../src/query/packed-ngrams.ts';
import { manualClock } from '../../src/state/conformance.ts';
import type { EngineOptions } from '../../src/signalbox.ts';
import { answers, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { runCli } from '../support/cli.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { bytesIn, listening } from '../support/heard.ts';

const PROMPT = 'Which prime follows 7919?';
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(storage: ConfigInput['storage'], rest: Partial<ConfigInput> = {}, options: EngineOptions = {}) {
  const upstream: MockProvider = await startMockProvider(answers);
  cleanups.push(() => upstream.close());
  const gateway = await startGateway({ ...twoModels(upstream.baseUrl), ...rest, storage }, options);
  cleanups.push(() => gateway.close());
  return gateway;
}

const keptOf = async ({ engine }: TestGateway) => {
  await engine.ledger.flush();
  return engine.ledger.store.prompts({ limit: 1000 });
};

const wordsOf = (features: string | undefined) => {
  const found = unpackNgrams(Buffer.from(features ?? '', 'base64'));
  return Array.from(found?.buckets ?? [], (bucket, i) => [bucket, found?.counts[i]]);
};
const ngrams = (text: string) => {
  const { buckets, counts } = ngramsOf(text);
  return Array.from(buckets, (bucket, i) => [bucket, counts[i]]).sort(([a = 0], [b = 0]) => a - b);
};

describe('what is kept of a prompt', () => {
  it.each([
    ['prior', 'auto'],
    ['complexity', 'auto'],
    ['prior', 'small'],
  ])('is what routers learn from, by default (router %s, model %s)', async (router, model) => {
    const box = await start({}, { routing: { router } });
    const response = await box.chat(asking(PROMPT, { model }), { 'x-signalbox-session': 's' });
    const [kept, ...others] = await keptOf(box);
    expect(others).toEqual([]);
    const id = response.headers.get('x-signalbox-request-id');
    expect(kept).toEqual({ id, at: expect.any(Number), session: 's', version: 1, features: expect.any(String) });
    expect(wordsOf(kept?.features)).toEqual(ngrams(PROMPT));
  });

  it('is the body word for word where all is kept, its beginning of a long one', async () => {
    const box = await start({ prompts: 'full' });
    const body = JSON.stringify(asking(PROMPT, { temperature: 0.25, unknown: ['field'] }));
    const first = await box.chat(body);
    const long = 'é'.repeat(60_000);
    await box.chat(asking(long));
    const [kept, cut] = await keptOf(box);
    expect(kept).toMatchObject({ body, features: expect.any(String) });
    expect(kept).not.toHaveProperty('cut');
    expect(cut?.cut).toBe(true);
    const [size, end] = [Buffer.byteLength(cut?.body ?? ''), cut?.body?.at(-1)];
    expect({ size: size <= 65_536 && size > 65_530, end }).toEqual({ size: true, end: 'é' });
    const shown = await box.get(`/router/v1/decisions/${first.headers.get('x-signalbox-request-id')}`);
    expect(await shown.json()).toMatchObject({ prompt: { features: true, body, cut: false } });
  });

  it('is nothing of what is given again, passed on, or made into vectors', async () => {
    const box = await start({ prompts: 'full' });
    for (let n = 0; n < 3; n++) await box.chat(asking(PROMPT), { 'x-signalbox-cache': 'on' });
    await box.post('/v1/embeddings', { model: 'small', input: PROMPT });
    await box.post('/v1/completions', { model: 'small', prompt: PROMPT });
    await box.post('/router/v1/route', asking(PROMPT));
    expect(await keptOf(box)).toHaveLength(1);
  });

  it.each<[PromptSetting, string | undefined, string | undefined, PromptSetting]>([
    ['full', undefined, undefined, 'full'],
    ['full', 'quiet', undefined, 'features'],
    ['full', undefined, 'features', 'features'],
    ['full', 'silent', 'full', 'none'],
    ['full', 'quiet', 'None', 'none'],
    ['features', 'loud', 'full', 'features'],
    ['none', 'loud', 'full', 'none'],
  ])('is the least that storage (%s), role (%s) and request (%s) ask for: %s', async (prompts, role, wish, kept) => {
    const roles = { loud: { prompts: 'full' }, quiet: { prompts: 'features' }, silent: { prompts: 'none' } } as const;
    const box = await start({ prompts }, { roles });
    const headers = {
      ...(role === undefined ? {} : { 'x-signalbox-role': role }),
      ...(wish === undefined ? {} : { 'x-signalbox-prompts': wish }),
    };
    expect((await box.chat(asking(PROMPT), headers)).status).toBe(200);
    const [found] = await keptOf(box);
    const what = found === undefined ? 'none' : found.body === undefined ? 'features' : 'full';
    expect(what).toBe(kept);
  });

  it('is not guessed from a wish that makes no sense', async () => {
    const box = await start({});
    const response = await box.chat(asking(PROMPT), { 'x-signalbox-prompts': 'nothing' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('x-signalbox-prompts: expected none, features, full');
  });

  it('is a sample of a busy process, and all of a slow one', async () => {
    const clock = { ...manualClock() };
    const box = await start({ url: 'memory:' }, {}, { clock });
    const ask = (count: number) => Promise.all(Array.from({ length: count }, () => box.chat(asking(PROMPT))));
    await ask(220);
    expect(await keptOf(box)).toHaveLength(200);
    clock.advance(2000);
    await ask(20);
    expect(await keptOf(box)).toHaveLength(210);
  });
});

describe('a function that redacts', () => {
  const HOOK = 'export function redact(text) { return text.replaceAll(/\\d+/g, "#"); }\n';

  async function withHook(source: string, prompts: PromptSetting = 'full') {
    const folder = await temporaryFolder();
    cleanups.push(() => folder.remove());
    const upstream = await startMockProvider(answers);
    cleanups.push(() => upstream.close());
    await writeFile(join(folder.path, 'redact.mjs'), source);
    const storage = { url: `file:${folder.path}/l.db`, journal: `${folder.path}/j`, prompts, redact: './redact.mjs' };
    const path = join(folder.path, 'signalbox.yaml');
    await writeFile(path, stringify({ ...twoModels(upstream.baseUrl), storage }));
    return { path, folder: folder.path, upstream };
  }

  it.each([HOOK, HOOK.replace('function redact', 'default function'), HOOK.replace('export', 'async () => 1;export')])(
    'takes out of texts what is neither kept nor hashed: %s',
    async (source) => {
      const { path, folder, upstream } = await withHook(source);
      const box = await Signalbox.open(path);
      const messages = [{ role: 'user', content: [{ type: 'text', text: PROMPT }] }];
      await box.chat({ model: 'small', messages, metadata: { 'pin 42': 'a\n"43"' } });
      await box.engine.ledger.flush();
      const [kept] = await box.engine.ledger.store.prompts({ limit: 9 });
      await box.close();
      expect(upstream.requests[0]?.body).toContain('7919');
      expect(JSON.parse(kept?.body ?? '')).toMatchObject({
        messages: [{ content: [{ text: 'Which prime follows #?' }] }],
        metadata: { 'pin #': 'a\n"#"' },
      });
      expect(wordsOf(kept?.features)).toEqual(ngrams('Which prime follows #?'));
      expect(await bytesIn(folder)).not.toContain('prime follows 7919');
    },
  );

  it.each<[string, (text: string) => unknown]>([
    [
      'it threw',
      (text) => {
        throw new Error(text);
      },
    ],
    ['it gave no text', () => undefined],
    ['it gave no text', (text) => text.length],
    ['it gave a promise', (text) => Promise.reject(new Error(text))],
  ])('that fails on a text keeps it from being kept, and is told of once a minute: %s', async (why, fails) => {
    const heard = listening();
    const clock = { ...manualClock() };
    // Whoever writes JavaScript may give anything back.
    const redact = ((text) => (text.includes('prime') ? fails(text) : text)) as (text: string) => string;
    const box = await start({ prompts: 'full', url: 'memory:' }, {}, { clock, redact, log: heard.log });
    for (let n = 0; n < 3; n++) expect((await box.chat(asking(PROMPT))).status).toBe(200);
    await box.chat(asking('Hello'));
    expect((await keptOf(box)).map(({ body }) => body)).toEqual([JSON.stringify(asking('Hello'))]);
    const warnings = () =>
      heard
        .text()
        .split('\n')
        .filter((line) => line.includes('redacts prompts failed'));
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain(why);
    clock.advance(61_000);
    await box.chat(asking(PROMPT));
    expect(warnings()).toHaveLength(2);
    expect(heard.text()).not.toContain('prime');
  });

  it.each([
    ['', 'it exports no function'],
    ['export const redact = 5;', 'it exports no function'],
    ['export default async (text) => text;', 'not a promise'],
    ['export default () => {};', 'not a value of type undefined'],
    ['export default (text) => text.nothing();', 'its function fails on'],
    ['export default (', 'it cannot be loaded'],
  ])('that cannot be used is refused with the configuration: %s', async (source, why) => {
    const { path, folder } = await withHook(source);
    await expect(Signalbox.open(path)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(why),
    });
    const checked = await runCli(['config', 'check', path], { cwd: folder });
    expect(checked.code).toBe(2);
    expect(checked.stderr).toContain('storage.redact "./redact.mjs": ');
    expect(checked.stderr).toContain(why);
  });

  it('is loaded anew with a new configuration, which one that cannot be used refuses', async () => {
    const { path, folder } = await withHook(HOOK);
    const box = await Signalbox.open(path);
    const again = async (source: string) => {
      await writeFile(join(folder, 'redact.mjs'), source);
      await box.engine.replace(await checkedFile(path, {}));
    };
    await again(HOOK.replace('#', '*'));
    await expect(again('export const redact = 1;')).rejects.toThrow('it exports no function');
    await box.chat({ messages: asking(PROMPT).messages });
    await box.engine.ledger.flush();
    const [kept] = await box.engine.ledger.store.prompts({ limit: 9 });
    await box.close();
    expect(kept?.body).toContain('Which prime follows *?');
  });

  it('does what the guide says', async () => {
    const guide = await readFile(new URL('../../docs/guides/privacy.md', import.meta.url), 'utf8');
    const { path } = await withHook(/```js\n([^`]+)```/.exec(guide)?.[1] ?? '');
    const box = await Signalbox.open(path);
    const content = 'I am jane.doe+x@mail.example.com, 4111 1111 1111 1111, order 12345.';
    await box.chat({ messages: [{ role: 'user', content }] });
    await box.engine.ledger.flush();
    const [kept] = await box.engine.ledger.store.prompts({ limit: 9 });
    await box.close();
    expect(kept?.body).toContain('I am [mail], [card], order 12345.');
  });

  it('that is not there is looked for beside the configuration', async () => {
    const { path, folder } = await withHook(HOOK);
    await writeFile(
      path,
      stringify({ ...twoModels('http://127.0.0.1:9/v1'), storage: { url: 'memory:', redact: 'no.mjs' } }),
    );
    await expect(Signalbox.open(path)).rejects.toThrow(
      `its path starts from the configuration's folder: ${folder}/no.mjs`,
    );
  });
});

describe('names and comments that callers give', () => {
  it('are bounded, and hold no controls', async () => {
    const upstream = await startMockProvider(answers);
    cleanups.push(() => upstream.close());
    const box = await Signalbox.open({ ...twoModels(upstream.baseUrl), storage: { url: 'memory:' } });
    cleanups.push(() => box.close());
    const messages = asking('Hi').messages;
    const reply = await box.chat({ messages, session: 'a\u001b[2Jb\u0000', user: 'u'.repeat(300) });
    await box.feedback({
      decisionId: reply.decision.id,
      session: 'a\u001b[2Jb\u0000',
      score: 1,
      comment: 'good\u0000\nstill',
    });
    await box.engine.ledger.flush();
    const [entry] = await box.engine.ledger.store.entries({ limit: 1, session: 'a[2Jb' });
    expect(entry?.intent.request.user).toBe('u'.repeat(200));
    expect(entry?.feedback).toMatchObject([{ session: 'a[2Jb', comment: 'good\nstill' }]);
    await expect(box.chat({ messages, tags: { team: 'a\u0007' } })).rejects.toThrow('without control characters');
    await expect(box.feedback({ session: '\u0000', score: 1 })).rejects.toThrow('decisionId or session');
    await expect(box.feedback({ session: 's', score: 1, comment: 'x'.repeat(2001) })).rejects.toThrow('at most 2000');
  });
});
