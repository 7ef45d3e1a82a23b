import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyEmbedder } from '../../scripts/tiny-embedder.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { silentLog, type Log } from '../../src/telemetry/log.ts';
import { recordOf, type DatasetRow } from '../../src/training/dataset/row.ts';
import { answers, hangs, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { runCli, startCli, type CliResult } from '../support/cli.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';
import { queryAbout } from '../support/topics.ts';
import { DIM, embeds, secretQuery, secretRows } from '../support/vectors.ts';

const KEY = 'embedder-key';
const ROWS = 160;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let embedder: MockProvider;
let upstream: MockProvider;
let gateway: TestGateway | undefined;
let lines: string[] = [];

const at = (name: string) => join(folder.path, name);
const run = (...args: readonly string[]): Promise<CliResult> =>
  runCli(args, { cwd: folder.path, env: { EMBED_KEY: KEY } });
/** The option as a user writes it. */
const option = (model = 'e') =>
  `{ kind: openai, baseUrl: "${embedder.baseUrl}", apiKey: "\${EMBED_KEY}", model: ${model} }`;
const train = (out: string, router: string, ...rest: readonly string[]) =>
  run('train', '--data', 'secret.jsonl', '--router', router, '--out', out, '--json', ...rest);

const keep = (fields: Readonly<Record<string, unknown>>, message: string) =>
  void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: Log = { ...silentLog, info: keep, warn: keep, error: keep };

const isSecret = ({ query }: DatasetRow): boolean => !query.startsWith('Tell me');

async function putRows(name: string, wanted: (row: DatasetRow, i: number) => boolean): Promise<void> {
  const rows = secretRows(ROWS).filter(wanted);
  await writeFile(at(name), rows.map((row) => `${JSON.stringify(recordOf(row))}\n`).join(''));
}

beforeAll(async () => {
  folder = await temporaryFolder();
  embedder = await startMockProvider(embeds);
  upstream = await startMockProvider(answers);
  const rows = secretRows(ROWS);
  // Two rows ask the same.
  const again = rows.slice(0, 4).map((row, i) => ({ ...row, id: `again-${i}` }));
  await writeFile(at('secret.jsonl'), [...rows, ...again].map((row) => `${JSON.stringify(recordOf(row))}\n`).join(''));
  for (const router of ['vectors', 'learned']) {
    const { code, stderr } = await train(`${router}.safetensors`, router, '--embedder', option());
    if (code !== 0) throw new Error(stderr);
  }
}, 120_000);

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  lines = [];
  embedder.behave(embeds);
});

afterAll(async () => {
  await embedder.close();
  await upstream.close();
  await folder.remove();
});

/** A configuration that routes with an artifact. */
function configOf(router: string, embedding: object | null = { model: 'e' }): ConfigInput {
  const config = twoModels(upstream.baseUrl);
  const settings = { kind: 'openai' as const, baseUrl: embedder.baseUrl, apiKey: KEY, deadline: '10s', ...embedding };
  return {
    ...config,
    routing: {
      ...config.routing,
      router: at(`${router}.safetensors`),
      ...(embedding === null ? {} : { embedder: settings }),
    },
  };
}

const start = async (...args: Parameters<typeof configOf>): Promise<TestGateway> =>
  (gateway = await startGateway(configOf(...args), { log }));

async function ask(text: string) {
  const response = await gateway?.chat(asking(text));
  return {
    status: response?.status,
    model: response?.headers.get('x-signalbox-model'),
    warnings: response?.headers.get('x-signalbox-warnings'),
  };
}

const answered = (model: string, warnings: string | null = null) => ({ status: 200, model, warnings });

describe('signalbox train --embedder', { timeout: 60_000 }, () => {
  it('asks once for each different instruction, as the gateway will, and records whose vectors they are', async () => {
    const before = embedder.requests.length;
    const { stdout } = await train('again.safetensors', 'vectors', '--embedder', option());
    expect(JSON.parse(stdout)).toMatchObject({
      router: 'vectors',
      rows: ROWS + 4,
      embedder: { kind: 'openai', model: 'e', dim: DIM },
      warnings: [],
    });
    const seen = embedder.requests.slice(before);
    const texts = seen.flatMap(({ body }) => (JSON.parse(body) as { input: string[] }).input);
    expect(texts).toHaveLength(ROWS);
    expect(new Set(texts).size).toBe(ROWS);
    expect(texts).toContain(queryAbout('algebra', 0));
    for (const { path, headers } of seen) {
      expect([path, headers['authorization']]).toEqual(['/v1/embeddings', `Bearer ${KEY}`]);
    }
    expect(await readFile(at('again.safetensors'))).toEqual(await readFile(at('vectors.safetensors')));
  });

  it('says when the router reads none of them, and asks for no embedder then', async () => {
    const { stdout, stderr } = await train('ridge.safetensors', 'ridge', '--embedder', option());
    expect(JSON.parse(stdout)).toMatchObject({ embedder: null });
    expect(stderr).toContain('the router reads no vectors of openai/e');
    await start('ridge', null);
    expect(await ask(queryAbout('history', 301))).toEqual(answered('small'));
  });

  it.each([
    [
      'a kind that is none',
      '{ kind: olama, model: e }',
      '--embedder.kind: expected one of hashed, openai, ollama, transformers, not "olama"',
    ],
    ['no model', '{ kind: ollama }', '--embedder.model: needs model'],
    [
      'a key too many',
      '{ kind: ollama, model: e, modell: f }',
      '--embedder.modell: unknown key; did you mean "model"?',
    ],
    ['a provider', '{ kind: openai, provider: p, model: e }', '--embedder.provider: no configuration is read here'],
    [
      'an address for files',
      '{ kind: transformers, model: ./m, baseUrl: "http://x" }',
      '--embedder: kind transformers reads files',
    ],
    [
      'an unset variable',
      '{ kind: openai, model: e, apiKey: "${NOBODY}" }',
      '--embedder.apiKey: the environment variable NOBODY is not set',
    ],
    ['no object', 'ollama', '--embedder takes what routing.embedder does'],
    ['no YAML', '{ kind: ', '--embedder is not YAML'],
    ['none', '{ kind: hashed }', '--embedder.kind: hashed gives no vectors'],
  ])('refuses %s before any work', async (_what, text, message) => {
    const { code, stderr } = await run('train', '--data', 'nowhere', '--out', 'no.safetensors', '--embedder', text);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('refuses to learn from vectors alone without an embedder', async () => {
    for (const command of [['train', '--out', 'no.safetensors'], ['eval']]) {
      const { code, stderr } = await run(...command, '--data', 'secret.jsonl', '--router', 'vectors');
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('add --embedder') });
    }
  });

  it('tells why the embedder failed and leaves no file', async () => {
    embedder.behave(json(JSON.stringify({ error: { message: 'no such model' } }), 404));
    const { code, stderr } = await train('no.safetensors', 'vectors', '--embedder', option());
    expect(code).toBe(1);
    expect(stderr).toContain('the embedder openai/e failed: status 404: no such model');
    const closed = '{ kind: ollama, model: e, baseUrl: "http://127.0.0.1:9" }';
    expect((await train('no.safetensors', 'vectors', '--embedder', closed)).stderr).toContain('connection refused');
    expect((await readdir(folder.path)).filter((name) => name.startsWith('no.'))).toEqual([]);
  });

  it('stops while it waits for vectors', async () => {
    embedder.behave(hangs);
    const before = embedder.requests.length;
    const words = ['train', '--data', 'secret.jsonl', '--out', 'no.safetensors', '--embedder', option()];
    const running = startCli(words, { cwd: folder.path, env: { EMBED_KEY: KEY } });
    await expect.poll(() => embedder.requests.length, { timeout: 20_000 }).toBeGreaterThan(before);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was written') });
    expect((await readdir(folder.path)).filter((name) => name.startsWith('no.'))).toEqual([]);
  });
});

describe('signalbox eval --embedder', { timeout: 60_000 }, () => {
  const aucs = async (...words: readonly string[]) => {
    const common = ['--controls', 'none', '--resamples', '20', '--folds', '3', '--json', '--embedder', option()];
    const { code, stdout, stderr } = await run('eval', ...words, ...common);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const report = JSON.parse(stdout) as { sets: { routers: { name: string; auc: number }[] }[] };
    expect(report).toMatchObject({ embedder: { kind: 'openai', model: 'e', dim: DIM } });
    const { sets } = report;
    return (name: string) => sets[0]?.routers.find((router) => router.name === name)?.auc ?? Number.NaN;
  };

  it('shows what vectors know and n-grams do not', async () => {
    await putRows('words.jsonl', isSecret);
    const before = embedder.requests.length;
    const auc = await aucs('--data', 'words.jsonl', '--router', 'ridge,vectors');
    expect(auc('vectors')).toBeGreaterThan(auc('zero') + 0.1);
    expect(auc('ridge')).toBeLessThan(auc('zero') + 0.05);
    expect(embedder.requests.length - before).toBe(Math.ceil(ROWS / 2 / 64));
  });

  it('shows that learned takes both where each knows a part', async () => {
    const auc = await aucs('--data', 'secret.jsonl', '--router', 'ridge,vectors,learned');
    expect(auc('learned')).toBeGreaterThan(Math.max(auc('ridge'), auc('vectors')) + 0.02);
  });

  it('learns from one file and judges another, with the vectors of both', async () => {
    await putRows('first.jsonl', (row, i) => isSecret(row) && i < 100);
    await putRows('second.jsonl', (row, i) => isSecret(row) && i >= 100);
    const auc = await aucs('--train', 'first.jsonl', '--data', 'second.jsonl', '--router', 'ridge,vectors');
    expect(auc('vectors')).toBeGreaterThan(auc('ridge') + 0.1);
  });
});

describe('a gateway whose router learnt from vectors', { timeout: 60_000 }, () => {
  it('decides by the vector of each request', async () => {
    await start('vectors');
    for (const i of [1000, 1001, 1002]) {
      expect(await ask(secretQuery('plus', i))).toEqual(answered('small'));
      expect(await ask(secretQuery('minus', i))).toEqual(answered('big'));
    }
    const text = secretQuery('minus', 1000);
    const explained = await (await gateway?.post('/router/v1/route', asking(text)))?.json();
    expect(explained).toMatchObject({
      model: 'big',
      explain: expect.arrayContaining([expect.stringMatching(/^its vector moves models from their means: small −\d+/)]),
    });
  });

  it('decides by vectors and words together', async () => {
    await start('learned');
    for (const i of [1000, 1001]) {
      expect(await ask(secretQuery('plus', i))).toEqual(answered('small'));
      expect(await ask(secretQuery('minus', i))).toEqual(answered('big'));
      expect(await ask(queryAbout('history', i))).toEqual(answered('small'));
      expect(await ask(queryAbout('algebra', i))).toEqual(answered('big'));
    }
  });

  it.each([
    ['fails', json('{}', 500), 'embedder-failed', '10s'],
    ['is late', hangs, 'embedder-timeout', '20ms'],
  ])('answers by the other parts when the embedder %s, and says so', async (_what, behaviour, warning, deadline) => {
    embedder.behave(behaviour);
    await start('learned', { model: 'e', deadline });
    expect(await ask(queryAbout('history', 1003))).toEqual(answered('small', warning));
    // It is left alone for a while.
    expect(await ask(queryAbout('algebra', 1003))).toEqual(answered('big', 'embedder-cooling'));
    const explained = await (await gateway?.post('/router/v1/route', asking(queryAbout('algebra', 1004))))?.json();
    expect(explained).toMatchObject({
      explain: expect.arrayContaining(['this query came without its vector: what vectors say is left out']),
    });
  });

  it('answers by the means where vectors are all it has', async () => {
    embedder.behave(json('{}', 500));
    await start('vectors');
    const [plus, minus] = [await ask(secretQuery('plus', 1000)), await ask(secretQuery('minus', 1000))];
    expect(plus).toEqual(answered('big', 'embedder-failed'));
    expect(minus).toEqual(answered('big', 'embedder-cooling'));
  });
});

describe('an embedder that does not fit', { timeout: 60_000 }, () => {
  it.each([
    ['is missing', null, 'no embedder is configured; set routing.embedder: { kind: openai, model: e, dimensions: 12 }'],
    ['is another', { model: 'f' }, 'openai/f with 12 is configured'],
    ['has another length', { model: 'e', dimensions: 8 }, 'openai/e with 8 is configured'],
  ])('is refused at the start when it %s', async (_what, embedding, why) => {
    await expect(start('vectors', embedding)).rejects.toMatchObject({
      code: 'artifact_invalid',
      message: expect.stringContaining(why),
    });
  });

  it('keeps the old artifact when a new file needs another embedder, and the log says why', async () => {
    await train('swap.safetensors', 'vectors', '--embedder', option());
    await start('swap');
    const version = gateway?.engine.snapshot().versions.router;
    await train('swap.safetensors', 'vectors', '--embedder', option('f'));
    await expect.poll(() => lines.join('\n'), { timeout: 20_000 }).toContain('the old one stays');
    expect(lines.join('\n')).toContain('trained with vectors of openai/f with 12 dimensions');
    expect(gateway?.engine.snapshot().versions.router).toBe(version);
    expect(await ask(secretQuery('minus', 1000))).toEqual(answered('big'));
  });

  it('is reported where no router reads vectors, and nowhere else', async () => {
    await train('plain.safetensors', 'ridge');
    const notes = async (router: string) => {
      const config = configOf('vectors');
      await writeFile(at('signalbox.yaml'), JSON.stringify({ ...config, routing: { ...config.routing, router } }));
      const { stdout } = await run('config', 'check', '--json');
      return (JSON.parse(stdout) as { warnings: string[] }).warnings.join('\n');
    };
    expect(await notes('./vectors.safetensors')).toBe('');
    expect(await notes('./plain.safetensors')).toContain(
      './plain.safetensors reads no vectors, so this embedder is not asked',
    );
    expect(await notes('prior')).toMatch(/^signalbox.yaml:1:\d+ routing\.embedder: router prior reads no vectors, so/);
    await start('plain');
    expect(lines.join('\n')).toContain('reads no vectors, so this embedder is not asked');
    const before = embedder.requests.length;
    expect(await ask(queryAbout('history', 1000))).toEqual(answered('small'));
    expect(embedder.requests).toHaveLength(before);
  });
});

/** A variable, so that the optional package is needed to run, not to compile. */
const PEER = '@huggingface/transformers';
const peer = await import(PEER).then(
  () => true,
  () => false,
);

describe.skipIf(!peer)('ONNX files of a relative folder (needs @huggingface/transformers)', { timeout: 60_000 }, () => {
  it('give vectors to learn from', async () => {
    await writeTinyEmbedder(at('tiny'));
    const { code, stdout } = await train(
      'tiny.safetensors',
      'vectors',
      '--embedder',
      '{ kind: transformers, model: ./tiny }',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ embedder: { kind: 'transformers', model: 'tiny', dim: 8 } });
  });
});
