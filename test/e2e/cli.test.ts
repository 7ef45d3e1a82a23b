import { createServer } from 'node:http';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stats } from '../../src/flow/stats.ts';
import { CLI, runCli, startCli, startServe } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';
import { writeTopicArtifact } from '../support/topics.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder.remove());

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(args, { cwd: folder.path, env });

describe('signalbox', () => {
  it('explains itself and every command', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? '');
    expect(commands).toEqual(
      expect.arrayContaining(['demo', 'init', 'serve', 'route', 'models', 'usage', 'doctor', 'config', 'version']),
    );
    for (const command of commands) {
      const { code, stdout } = await run([command, '--help']);
      expect(code, command).toBe(0);
      expect(stdout, command).toContain('--json');
    }
  });

  it('ends with 2 when it is used wrongly', async () => {
    expect(await run([])).toMatchObject({ code: 2 });
    expect(await run(['fly'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no command "fly"') });
    expect(await run(['usage', 'fly'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('show, history, export'),
    });
    expect(await run(['serve', '--prt', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean --port?'),
    });
    expect(await run(['serve', '--simulated', '--port', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--port'),
    });
    expect(await run(['usage', '--by', 'tags'])).toMatchObject({
      code: 2,
      stderr: 'signalbox: --by takes model, role, key, provider, user, tag, not "tags"; did you mean "tag"?\n',
    });
    expect(await run(['route'])).toMatchObject({
      code: 2,
      stderr: 'signalbox: <text> is missing; write signalbox route <text>\n',
    });
    expect(await run(['route', 'Hello', 'world'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"world"'),
    });
    expect(await run(['serve', '-x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no option -x') });
    expect(await run(['route', '--foo', 'Hi'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('it has <text>, --config, -c, --simulated'),
    });
    expect(await run(['route', '--text', 'Hi'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no option --text'),
    });
    expect(await run(['route', 'Sum', 'it', '--simulated'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('put the message in quotes'),
    });
    expect(await run(['serve', '--log', 'loud'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--log takes debug'),
    });
    // A file that is not read must not be taken for the one that is.
    expect(await run(['serve', '--simulated', 'my.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean --config my.yaml?'),
    });
    expect(await run(['demo', 'now'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no use for "now"'),
    });
  });

  it.each([
    ['a misspelt key', 'provders: {}\n', /^signalbox: signalbox\.yaml:1:1 [\s\S]*did you mean "providers"\?/],
    ['broken YAML', 'models: [\n', /^signalbox: signalbox\.yaml:2:1: /],
    ['an empty file', '', /providers: is missing/],
  ])('does not serve a configuration with %s, and says where it is wrong', async (_name, text, message) => {
    await writeFile(join(folder.path, 'signalbox.yaml'), text);
    const { code, stdout, stderr } = await run(['serve', '--port', '0']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });

  it('names a configuration that is not there, or is a folder', async () => {
    expect(await run(['serve', '--config', 'no.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no.yaml: there is no such file'),
    });
    expect(await run(['serve', '--config', folder.path])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this is a folder'),
    });
  });

  it('says with which address and key to call it where keys are required', async () => {
    const config = {
      server: { host: '0.0.0.0' },
      auth: { mode: 'required', keys: [{ name: 'me', key: 'sb-0123456789abcdefgh' }] },
      providers: { s: { kind: 'simulated', models: { m: { skill: { default: 1 } } } } },
      models: [{ id: 'm', provider: 's' }],
    };
    await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
    const serving = startCli(['serve', '--port', '0'], { cwd: folder.path });
    await expect
      .poll(() => serving.output.stdout, { timeout: 10_000 })
      .toMatch(/base URL http:\/\/127\.0\.0\.1:\d+\/v1, a key \(signalbox keys create/);
    expect(serving.output.stdout).toContain('/ui/, by an administrator’s key');
    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });

  it('without anything to go by says what helps', async () => {
    const { code, stderr } = await run(['serve']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /signalbox demo[\s\S]*signalbox init[\s\S]*usage, models, doctor and route take --simulated/,
    );
    const usage = await run(['usage'], { GEMINI_API_KEY: 'AI-1' });
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringContaining('not used: GEMINI_API_KEY') });
  });

  it.each(['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'])('writes a configuration that holds for %s', async (name) => {
    const env = { [name]: 'sk-test' };
    expect(await run(['init', '--out', `${name}.yaml`], env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`found ${name}`),
    });
    expect(await run(['config', 'check', `${name}.yaml`], env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ok (models: 2'),
    });
  });

  it('writes a configuration that holds, and does not overwrite it', async () => {
    const env = { OPENAI_API_KEY: 'sk-test' };
    expect(await run(['init'], env)).toMatchObject({ code: 0 });
    expect(await readFile(join(folder.path, 'signalbox.yaml'), 'utf8')).not.toContain('sk-test');
    expect(await run(['config', 'check'], env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ok (models: 2'),
    });
    expect(await run(['init'], env)).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(await run(['config', 'check'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('OPENAI_API_KEY is not set'),
    });
  });

  it('names the keys that it found and does not use', async () => {
    const { code, stdout } = await run(['init'], { GEMINI_API_KEY: 'AI-1', AZURE_OPENAI_API_KEY: 'az-1' });
    expect(code).toBe(0);
    expect(stdout).toContain('it names OPENAI_API_KEY');
    expect(stdout).toContain('not used: AZURE_OPENAI_API_KEY: ');
    expect(stdout).toContain('not used: GEMINI_API_KEY: ');
  });

  it.skipIf(process.platform === 'win32')('is built as a file that can be run', async () => {
    expect((await stat(CLI)).mode & 0o111).toBe(0o111);
  });

  it('checks a configuration: every problem with its place', async () => {
    await writeFile(
      join(folder.path, 'bad.yaml'),
      'providers: { p: { kind: opena } }\nmodels:\n  - { id: a, provider: q }\n  - { id: a, provider: p }\nrouting: { router: magic }\n',
    );
    const { code, stderr } = await run(['config', 'check', 'bad.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('bad.yaml:1:25 providers.p.kind: unknown kind "opena"');
    expect(stderr).toContain('bad.yaml:3:24 models[0].provider: there is no provider "q"');
    expect(stderr).toContain('bad.yaml:5:20 routing.router: unknown router "magic"');
  });

  it('checks the artifacts of a configuration, too', async () => {
    const written = (router: string) =>
      writeFile(
        join(folder.path, 'signalbox.yaml'),
        `providers: { p: { kind: openai, apiKey: k } }\nmodels: [{ id: small, provider: p }, { id: big, provider: p }]\nrouting: { router: ${router} }\n`,
      );
    await written('./topics.safetensors');
    expect(await run(['config', 'check'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/signalbox\.yaml: .*\n.*topics\.safetensors: there is no such file/),
    });
    const { code, stdout } = await run(['config', 'check', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      artifacts: [{ setting: './topics.safetensors', error: expect.stringContaining('there is no such file') }],
    });
    await writeFile(join(folder.path, 'topics.safetensors'), 'not an artifact');
    expect(await run(['config', 'check'])).toMatchObject({ code: 1 });
    await writeTopicArtifact(join(folder.path, 'topics.safetensors'));
    expect(await run(['config', 'check'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: ok \([\s\S]*topics\.safetensors: ridge@\w+, trained on 120 queries/),
    });
  });

  it('explains a choice without calling anything', async () => {
    const { code, stdout } = await run([
      'route',
      'Prove that there are infinitely many primes.',
      '--simulated',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ model: expect.any(String), decision: { reason: expect.any(String) } });
    expect((await run(['route', 'Hi', '--simulated'])).stdout).toMatch(/nano|small|large|giant/);
  });

  it('lists models, checks the set-up, shows usage', async () => {
    expect((await run(['models', '--simulated'])).stdout).toContain('giant');
    expect(await run(['doctor', '--simulated'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('✓ ledger'),
    });
    for (const args of [['usage'], ['usage', 'history'], ['usage', 'export']]) {
      expect((await run([...args, '--simulated'])).code, args.join(' ')).toBe(0);
    }
  });

  it('names a port that is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
    const { code, stderr } = await run(['serve', '--simulated', '--port', String(port)]);
    server.close();
    expect(code).toBe(2);
    expect(stderr).toContain(`port ${port}`);
    expect(stderr).not.toContain('    at ');
  });

  it('refuses to be open to other machines without keys', async () => {
    const { code, stderr } = await run(['serve', '--simulated', '--host', '0.0.0.0']);
    expect(code).toBe(2);
    expect(stderr).toContain('auth.mode');
  });

  it('names a folder that it cannot write to', async () => {
    await writeFile(join(folder.path, '.signalbox'), 'a file in its place');
    const { code, stderr } = await run(['serve', '--simulated']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be (?:opened|written)/);
  });

  it('reloads its configuration, and keeps the old one when the new one does not hold', async () => {
    const path = join(folder.path, 'signalbox.yaml');
    const config = (id: string) =>
      `providers: { s: { kind: simulated, models: { m: { skill: { default: 1 } } } } }\nmodels: [{ id: ${id}, provider: s, model: m }]\n`;
    await writeFile(path, config('first'));
    const serving = await startServe([], { cwd: folder.path });
    const ids = async () => {
      const response = await fetch(`${serving.url}/v1/models`);
      return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    expect(await ids()).toContain('first');
    const refused = async () =>
      ((await (await fetch(`${serving.url}/router/v1/stats`)).json()) as Pick<Stats, 'reload'>).reload.config?.error;
    await writeFile(path, 'models: []\n');
    await expect.poll(() => serving.output.stderr, { timeout: 5000 }).toContain('the old one stays');
    expect(await ids()).toContain('first');
    expect(await refused()).toContain('providers: is missing');
    await writeFile(path, config('first'));
    await expect.poll(refused, { timeout: 5000 }).toBeUndefined();
    expect(serving.output.stderr).toContain('the configuration holds again');
    await rm(path);
    await expect.poll(refused, { timeout: 5000 }).toContain('the file is gone');
    await writeFile(path, config('second'));
    await expect.poll(ids, { timeout: 5000 }).toContain('second');
    expect(await refused()).toBeUndefined();
    // The port came from the command line: the file has not changed it.
    expect(serving.output.stderr).not.toContain('needs a restart');
    await writeFile(path, `${config('second')}server: { port: 1 }\n`);
    await expect.poll(() => serving.output.stderr, { timeout: 5000 }).toContain('a change of server needs a restart');
    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });
});

describe('demo', () => {
  it('runs the main job and says that it is simulated', async () => {
    const { code, stdout } = await run(['demo', '--exit', '--tasks', '20', '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as {
      simulated: boolean;
      results: { name: string; accuracy: number; costUsd: number }[];
    };
    expect(result.simulated).toBe(true);
    const names = ['best single', 'quality-first', 'balanced', 'cost-first', 'rules, balanced', 'random', 'cheapest'];
    expect(result.results.map(({ name }) => name)).toEqual(names);
    // What has learnt pays for the dear model where it is needed, and not where it is not.
    const cost = (name: string) => result.results.find((each) => each.name === name)?.costUsd ?? 0;
    expect(cost('cost-first')).toBeLessThan(cost('best single') / 2);
    expect(cost('cheapest')).toBeLessThan(cost('cost-first'));
    expect((await run(['demo', '--exit', '--tasks', '5'])).stdout).toContain('SIMULATED');
  }, 120_000);

  const temporary = () => readdir(folder.path);

  it('leaves nothing behind when it cannot listen', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
    const { code, stderr } = await run(['demo', '--port', String(port)], { TMPDIR: folder.path });
    server.close();
    expect(code).toBe(2);
    expect(stderr).toContain(`port ${port}`);
    expect(await temporary()).toEqual([]);
  });

  it('names a temporary folder that it cannot use', async () => {
    const { code, stderr } = await run(['demo', '--exit'], { TMPDIR: join(folder.path, 'none') });
    expect(code).toBe(2);
    expect(stderr).toContain('set TMPDIR');
    expect(stderr).not.toContain('    at ');
  });

  it('cleans up when it is stopped before the tasks are done', async () => {
    const demo = startCli(['demo', '--tasks', '10000'], { cwd: folder.path, env: { TMPDIR: folder.path } });
    await expect.poll(() => demo.output.stdout, { timeout: 30_000 }).toContain('SIMULATED');
    demo.child.kill('SIGTERM');
    expect(await demo.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('before the tasks were done') });
    expect(await temporary()).toEqual([]);
  });

  it('ends with 0 when it is stopped after the table', async () => {
    const demo = startCli(['demo', '--tasks', '2'], { cwd: folder.path, env: { TMPDIR: folder.path } });
    await expect.poll(() => demo.output.stdout, { timeout: 60_000 }).toContain('Ctrl-C stops it');
    demo.child.kill('SIGINT');
    // Work that takes over a second says what it is doing.
    const stderr = expect.stringMatching(/^(?:(?:learning|sending tasks) …\n)*$/);
    expect(await demo.ended).toMatchObject({ code: 0, stderr });
    expect(await temporary()).toEqual([]);
  }, 90_000);
});
