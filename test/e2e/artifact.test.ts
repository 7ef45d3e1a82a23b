import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { replay } from '../../src/decide/replay.ts';
import { recordOf, route } from '../../src/flow/route.ts';
import type { Stats } from '../../src/flow/stats.ts';
import { createSignalbox } from '../../src/library.ts';
import { silentLog, type Log } from '../../src/telemetry/log.ts';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { queryAbout, topicRows, TOPICS, writeTopicArtifact } from '../support/topics.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;
let gateway: TestGateway;
let artifact = '';
let version = '';
let lines: string[] = [];

const keep = (fields: Readonly<Record<string, unknown>>, message: string) =>
  void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: Log = { ...silentLog, info: keep, warn: keep, error: keep };

/** A gateway that routes with the artifact. */
function start(routing: ConfigInput['routing'] = {}, more: Partial<ConfigInput> = {}): Promise<TestGateway> {
  const config = twoModels(upstream.baseUrl);
  return startGateway({ ...config, ...more, routing: { ...config.routing, router: artifact, ...routing } }, { log });
}

beforeEach(async () => {
  lines = [];
  folder = await temporaryFolder();
  upstream = await startMockProvider();
  artifact = join(folder.path, 'topics.safetensors');
  version = await writeTopicArtifact(artifact);
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await folder.remove();
});

const modelOf = async (text: string, strategy = 'balanced') =>
  (await gateway.chat(asking(text), { 'x-signalbox-strategy': strategy })).headers.get('x-signalbox-model');

interface Shown {
  readonly decision: {
    readonly reason: string;
    readonly reasonCode: string;
    readonly flip?: string;
    readonly calibration?: { readonly lambda: number | null; readonly rows: number; readonly reference: string };
    readonly versions: { readonly router: string };
    readonly ranking: readonly { readonly model: string; readonly outputTokens: number }[];
  };
}

const shown = async (id: string) => (await (await gateway.get(`/router/v1/decisions/${id}`)).json()) as Shown;

describe('a gateway with an artifact', () => {
  it('sends each topic where it is answered well for the least money, over HTTP and from the library', async () => {
    gateway = await start();
    const box = createSignalbox(gateway.engine);
    for (const i of [201, 202, 203]) {
      expect(await modelOf(queryAbout('algebra', i))).toBe('big');
      expect(await modelOf(queryAbout('history', i))).toBe('small');
      const messages = [{ role: 'user' as const, content: queryAbout('history', i) }];
      expect((await box.route({ messages })).model).toBe('small');
      expect((await box.chat({ messages })).model).toBe('small');
    }
    expect(await modelOf(queryAbout('history', 201), 'keepQuality=0.4')).toBe('small');
    expect(await modelOf(queryAbout('algebra', 201), 'keepQuality=0.4')).toBe('small');
    expect(await modelOf(queryAbout('algebra', 201), 'budgetPer1k=100')).toBe('big');
    expect(await modelOf(queryAbout('algebra', 201), 'budgetPer1k=0.1')).toBe('small');
    expect(await modelOf(queryAbout('algebra', 201), 'quality-first')).toBe('big');
  });

  it('says why, by what it was measured on, and makes the same choice from the record', async () => {
    gateway = await start();
    const response = await gateway.chat(asking(queryAbout('history', 201)));
    expect(response.headers.get('x-signalbox-reason')).toBe('strategy');
    const id = response.headers.get('x-signalbox-decision-id') ?? '';
    const { decision } = await shown(id);
    expect(decision.reason).toMatch(/^best trade at 98 % of big's quality, measured on 120 past queries; next: big at/);
    expect(decision.flip).toContain('big would be chosen if');
    expect(decision.versions.router).toBe(`ridge@${version}`);
    expect(decision.calibration).toMatchObject({ rows: 120, reference: 'big', lambda: expect.any(Number) });
    const again = await (await gateway.get(`/router/v1/decisions/${id}/replay`)).json();
    expect(again).toMatchObject({ recorded: 'small', chosen: 'small', same: true, reason: decision.reason });
    const explained = await (await gateway.post('/router/v1/route', asking(queryAbout('algebra', 201)))).json();
    expect(explained).toMatchObject({ model: 'big', explain: expect.arrayContaining([expect.any(String)]) });
  });

  it('expects the lengths that it has learnt, within the caller’s limit', async () => {
    gateway = await start();
    const lengths = async (text: string, rest: object = {}) => {
      const answer = await gateway.post('/router/v1/route', asking(text, rest));
      return ((await answer.json()) as Shown).decision.ranking.map(({ outputTokens }) => outputTokens);
    };
    for (const tokens of await lengths(queryAbout('algebra', 201), { max_tokens: 9 })) expect(tokens).toBe(9);
    for (const tokens of await lengths(queryAbout('algebra', 201))) {
      expect(tokens).toBeGreaterThan(100);
      expect(tokens).toBeLessThan(127);
    }
  });

  it('is shown with its version, its rows and the models it knows', async () => {
    const config = twoModels(upstream.baseUrl);
    const models = [...config.models, { id: 'new', provider: 'one', price: { input: 1, output: 1 } }];
    gateway = await start({}, { models });
    expect(await (await gateway.get('/router/v1/stats')).json()).toMatchObject({
      router: 'ridge',
      artifacts: [{ router: 'ridge', version, rows: 120, sampleRows: 120, knows: ['small', 'big'], unknown: ['new'] }],
    });
    expect(lines.join('\n')).toContain('learnt nothing about new');
    // Nobody measured it and nobody declared that it is good: it is not what a promise is kept with.
    expect(await modelOf(queryAbout('history', 201))).toBe('small');
    expect(await modelOf(queryAbout('algebra', 201))).toBe('big');
  });

  it('makes the best measured model the baseline where nobody declared how good they are', async () => {
    const declared = twoModels(upstream.baseUrl).models;
    for (const models of [declared, declared.toReversed()]) {
      gateway = await start(
        { default: undefined },
        { models: models.map((model) => ({ ...model, quality: undefined })) },
      );
      expect(gateway.engine.snapshot().default).toBe('big');
      await gateway.close();
    }
    gateway = await start();
  });

  it('may differ by role', async () => {
    const other = join(folder.path, 'other.safetensors');
    await writeTopicArtifact(other, topicRows(120, 'algebra'));
    gateway = await start({}, { roles: { tutor: { router: other }, plain: { router: 'prior' } } });
    const model = async (role: string) => {
      const response = await gateway.chat(asking(queryAbout('algebra', 201)), { 'x-signalbox-role': role });
      return `${response.headers.get('x-signalbox-model')} ${response.headers.get('x-signalbox-reason')}`;
    };
    expect(await modelOf(queryAbout('algebra', 201))).toBe('big');
    expect(await model('tutor')).toBe('small strategy');
    expect(await model('plain')).toBe('small strategy-uncalibrated');
  });

  it('gives the same query the same choice, and every record replays, whatever the text', async () => {
    gateway = await start();
    const { runtime } = gateway.engine;
    const snapshot = gateway.engine.snapshot();
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...TOPICS), fc.nat(999)).map((of) => queryAbout(...of)),
    );
    const strategy = fc.constantFrom('balanced', 'cost-first', 'quality-first', 'keepQuality=0.5', 'budgetPer1k=4');
    fc.assert(
      fc.property(text, strategy, (content, wished) => {
        const request = {
          dialect: 'openai-chat' as const,
          parsed: asking(content),
          wishes: { model: 'auto', strategy: wished },
        };
        const [first, second] = [1, 2].map(() => {
          const { decision } = route(request, snapshot, runtime, 'same');
          return { ...recordOf(decision), at: 0 };
        });
        expect(second).toEqual(first);
        const stored = JSON.parse(JSON.stringify(first)) as NonNullable<typeof first>;
        expect(replay(stored)).toMatchObject({ same: true, reason: first?.reason });
      }),
    );
  });
});

const reload = async () => ((await (await gateway.get('/router/v1/stats')).json()) as Pick<Stats, 'reload'>).reload;

describe('a new artifact in the same place', () => {
  it('is swapped in while serving; requests in flight keep their world', async () => {
    gateway = await start();
    const before = gateway.engine.snapshot();
    const next = await writeTopicArtifact(artifact, topicRows(120, 'algebra'));
    await expect.poll(() => gateway.engine.snapshot().versions.router, { timeout: 10_000 }).toBe(`ridge@${next}`);
    expect(await modelOf(queryAbout('algebra', 201))).toBe('small');
    expect(await modelOf(queryAbout('history', 201))).toBe('big');
    expect(before.versions.router).toBe(`ridge@${version}`);
    expect(lines.join('\n')).toContain('a new artifact is in use');
    // And once more: what was replaced is still followed.
    const third = await writeTopicArtifact(artifact);
    await expect.poll(() => gateway.engine.snapshot().versions.router, { timeout: 10_000 }).toBe(`ridge@${third}`);
  });

  it.each([
    ['broken', () => writeFile(artifact, 'not an artifact')],
    ['half written', async () => writeFile(artifact, (await readFile(artifact)).subarray(0, 5000))],
    ['deleted', () => rm(artifact)],
    [
      'of strangers',
      async () => {
        const rows = topicRows(60).map((row) => ({ ...row, outcomes: { stranger: { score: 1 } } }));
        await writeTopicArtifact(artifact, rows);
      },
    ],
  ])('that is %s is refused with a log line, and the old one stays', async (_what, change) => {
    gateway = await start();
    await change();
    await expect.poll(() => lines.join('\n'), { timeout: 10_000 }).toContain('is refused; the old one stays');
    expect(gateway.engine.snapshot().versions.router).toBe(`ridge@${version}`);
    expect(await modelOf(queryAbout('history', 201))).toBe('small');
    expect(await reload()).toEqual({
      config: null,
      artifact: { refusedAt: expect.any(Number), error: expect.stringContaining(artifact) },
    });
    const metrics = await (await gateway.get('/metrics')).text();
    expect(metrics).toContain('signalbox_reload_refused{what="artifact"} 1');
    expect(metrics).toContain('signalbox_reload_refused{what="config"} 0');
    // A new configuration does not need the file either.
    const config = twoModels(upstream.baseUrl);
    const changed = { ...config, routing: { router: artifact, strategy: 'cost-first' as const } };
    await gateway.engine.replace(await checkedConfig(changed, {}));
    expect(gateway.engine.snapshot().versions.router).toBe(`ridge@${version}`);
    // A good one is taken again.
    const next = await writeTopicArtifact(artifact, topicRows(120, 'algebra'));
    await expect.poll(() => gateway.engine.snapshot().versions.router, { timeout: 10_000 }).toBe(`ridge@${next}`);
    expect(await reload()).toEqual({ config: null, artifact: null });
  });

  it('that is deleted is called so, and one that comes back as it was is told of', async () => {
    gateway = await start();
    const bytes = await readFile(artifact);
    await rm(artifact);
    await expect.poll(async () => (await reload()).artifact?.error, { timeout: 10_000 }).toContain('put it back');
    expect(lines.join('\n')).not.toContain('ENOENT');
    await writeFile(artifact, bytes);
    await expect.poll(async () => (await reload()).artifact, { timeout: 10_000 }).toBeNull();
    expect(lines.join('\n')).toContain('the artifact holds again');
    expect(gateway.engine.snapshot().versions.router).toBe(`ridge@${version}`);
  });

  it('is forgotten, refused or not, when no configuration names it', async () => {
    gateway = await start();
    await rm(artifact);
    await expect.poll(async () => (await reload()).artifact, { timeout: 10_000 }).not.toBeNull();
    const config = twoModels(upstream.baseUrl);
    await gateway.engine.replace(await checkedConfig({ ...config, routing: { router: 'prior' } }, {}));
    expect((await reload()).artifact).toBeNull();
  });
});
