import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordOf } from '../../src/training/dataset/row.ts';
import { runCli, startCli, startServe } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';
import { queryAbout, topicRows } from '../support/topics.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder.remove());

const run = (...args: readonly string[]) => runCli(args, { cwd: folder.path });
const at = (name: string) => join(folder.path, name);

async function putRows(name: string, n: number, from = 0): Promise<void> {
  const rows = topicRows(from + n).slice(from);
  await writeFile(at(name), gzipSync(rows.map((row) => `${JSON.stringify(recordOf(row))}\n`).join('')));
}

const CONFIG = {
  providers: { s: { kind: 'simulated', models: { small: { skill: { default: 1 } }, big: { skill: { default: 1 } } } } },
  models: [
    { id: 'small', provider: 's', price: { input: 1, output: 2 } },
    { id: 'large', as: 'BIG', provider: 's', model: 'big', price: { input: 10, output: 20 } },
    { id: 'new', provider: 's', model: 'big', price: { input: 1, output: 2 } },
  ],
  routing: { router: 'topics.safetensors' },
};

const putConfig = (config: object = CONFIG) => writeFile(at('signalbox.yaml'), JSON.stringify(config));

describe('signalbox train', { timeout: 60_000 }, () => {
  it('learns from several files, writes the same bytes every time, and the gateway routes with them', async () => {
    await putRows('a.jsonl.gz', 60);
    await putRows('b.jsonl.gz', 60, 60);
    const args = ['--data', 'a.jsonl.gz', 'b.jsonl.gz', '--router', 'ridge', '--seed', '3'];
    const first = await run('train', ...args, '--out', 'topics.safetensors', '--json');
    expect(first).toMatchObject({ code: 0 });
    const made = JSON.parse(first.stdout) as { version: string };
    expect(made).toMatchObject({
      rows: 120,
      sampleRows: 120,
      models: ['big', 'small'],
      metrics: {
        bestSingle: { model: 'big', quality: 1 },
        strategies: { balanced: { of: 'big', met: true, rows: 120 } },
      },
    });
    const second = await run('train', ...args, '--out', 'deep/again.safetensors');
    expect(second.stdout).toContain(`ridge@${made.version}, 2 models, 120 queries`);
    expect(second.stdout).toMatch(
      /balanced +quality \d\.\d+, [\d.]+ % \[[\d.]+ %, [\d.]+ %\] of big's at [\d.]+ % of its cost/,
    );
    expect(await readFile(at('deep/again.safetensors'))).toEqual(await readFile(at('topics.safetensors')));

    await putConfig();
    const routed = await run('route', queryAbout('algebra', 201), '--json');
    expect(JSON.parse(routed.stdout)).toMatchObject({ model: 'large', decision: { reasonCode: 'strategy' } });
    const history = await run('route', queryAbout('history', 201));
    expect(history.stdout).toMatch(/^small/);
    expect(history.stdout).toContain(`router      ridge@${made.version}`);
    const known = `ridge@${made.version}, trained on 120 queries, calibrated on 120; knows small, large; not new`;
    expect((await run('models')).stdout).toContain(known);
    expect(await run('doctor')).toMatchObject({ code: 0, stdout: expect.stringContaining(`! artifact topics`) });

    await putConfig({ ...CONFIG, routing: {} });
    const asked = await run('route', queryAbout('algebra', 201), '--artifact', 'deep/again.safetensors', '--json');
    expect(JSON.parse(asked.stdout)).toMatchObject({ model: 'large' });
    const strange = await run('route', 'Hi', '--simulated', '--artifact', 'topics.safetensors');
    expect(strange.code).toBe(0);
  });

  it('names file and line of bad data, and writes nothing', async () => {
    await putRows('a.jsonl.gz', 5);
    await writeFile(at('bad.jsonl'), '{"id":"x","query":"q","outcomes":{"m":{"score":1.5}}}\n');
    const bad = await run('train', '--data', 'a.jsonl.gz', 'bad.jsonl', '--out', 'x.safetensors');
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('bad.jsonl:1') });
    await writeFile(at('cut.jsonl.gz'), (await readFile(at('a.jsonl.gz'))).subarray(0, 60));
    const cut = await run('train', '--data', 'cut.jsonl.gz', '--out', 'x.safetensors');
    expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('cut.jsonl.gz') });
    expect((await readdir(folder.path)).sort()).toEqual(['a.jsonl.gz', 'bad.jsonl', 'cut.jsonl.gz']);
  });

  it('warns of rows that are too few, or whose models never meet', async () => {
    await putRows('a.jsonl.gz', 1);
    const args = ['--router', 'ridge', '--out', 'x.safetensors'];
    expect(await run('train', '--data', 'a.jsonl.gz', ...args)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('warning: 1 different query is too few'),
    });
    const apart = Array.from({ length: 40 }, (_, i) => ({
      id: `r${i}`,
      query: `query ${i}`,
      outcomes: { [i % 2 === 0 ? 'small' : 'BIG']: { score: i % 3 === 0 ? 1 : 0 } },
    }));
    await writeFile(at('apart.jsonl'), apart.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { code, stdout } = await run('train', '--data', 'apart.jsonl', ...args, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: expect.arrayContaining([expect.stringContaining('cannot be compared: BIG | small')]),
    });
  });

  it('is stopped by Ctrl-C wherever it is, and leaves no file', async () => {
    await putRows('a.jsonl.gz', 4000);
    const training = startCli(['train', '--data', 'a.jsonl.gz', '--out', 'x.safetensors', '--router', 'blend'], {
      cwd: folder.path,
    });
    await expect.poll(() => training.output.stderr, { timeout: 15_000 }).toContain('fitting');
    training.child.kill('SIGINT');
    const { code, stderr } = await training.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^stopped; nothing was written$/m);
    expect(await readdir(folder.path)).toEqual(['a.jsonl.gz']);
  });

  it('says what it takes', async () => {
    for (const [args, message] of [
      [['--data', 'a', '--out', 'x.bin'], 'ends in .safetensors'],
      [['--data', 'a', '--out', 'x.safetensors', '--router', 'magic'], '--router takes learned'],
      [['--data', 'a', '--out', 'x.safetensors', '--seed', '-1'], '--seed'],
      [['--data', 'a'], 'out'],
    ] as const) {
      const { code, stderr } = await run('train', ...args);
      expect(stderr, args.join(' ')).toContain(message);
      expect(code, args.join(' ')).toBe(2);
    }
  });
});

describe('serve with an artifact', { timeout: 60_000 }, () => {
  it('that cannot be used says why and ends with 2', async () => {
    await putRows('a.jsonl.gz', 60);
    await run('train', '--data', 'a.jsonl.gz', '--out', 'topics.safetensors', '--router', 'ridge');
    await putConfig();
    const bytes = await readFile(at('topics.safetensors'));
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] ?? 0) ^ 1;
    const text = bytes.toString('latin1');
    const other = Buffer.from(text.replace('"format":"1"', '"format":"9"'), 'latin1');
    for (const [content, message] of [
      [flipped, 'does not match its SHA-256'],
      [other, 'it was made with format 9'],
      [bytes.subarray(0, 1000), 'topics.safetensors'],
    ] as const) {
      await writeFile(at('topics.safetensors'), content);
      const { code, stderr } = await run('serve', '--port', '0');
      expect(stderr).toContain(message);
      expect(code).toBe(2);
      expect(await run('doctor')).toMatchObject({ code: 1, stdout: expect.stringContaining(message) });
    }
    await putConfig({ ...CONFIG, routing: { router: 'gone.safetensors' } });
    expect(await run('serve', '--port', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('gone.safet') });
    await putConfig({ ...CONFIG, routing: { router: 'knn' } });
    const untrained = await run('serve', '--port', '0');
    expect(untrained).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must be trained: signalbox train'),
    });
    await putConfig({ ...CONFIG, models: [CONFIG.models[2]] });
    await writeFile(at('topics.safetensors'), bytes);
    const strangers = await run('serve', '--port', '0');
    expect(strangers).toMatchObject({ code: 2, stderr: expect.stringContaining('none of the configured models') });
  });

  it('follows the file while it serves', async () => {
    await putRows('a.jsonl.gz', 60);
    const train = (seed: string) =>
      run('train', '--data', 'a.jsonl.gz', '--out', 'topics.safetensors', '--router', 'knn', '--seed', seed, '--json');
    const versionOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { version: string }).version;
    const first = versionOf(await train('1'));
    await putConfig();
    const serving = await startServe([], { cwd: folder.path });
    const served = async () => {
      const stats = (await (await fetch(`${serving.url}/router/v1/stats`)).json()) as {
        artifacts: { version: string }[];
      };
      return stats.artifacts[0]?.version;
    };
    expect(await served()).toBe(first);
    const second = versionOf(await train('2'));
    expect(second).not.toBe(first);
    await expect.poll(served, { timeout: 10_000 }).toBe(second);
    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });
});
