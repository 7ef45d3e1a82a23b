import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import { json, startMockProvider } from '../mock-provider/mock-provider.ts';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';

const problemsOf = async (provider: object, rest: object = {}): Promise<string> => {
  const config = { providers: { p: { callerKey: true, ...provider } }, models: [{ id: 'm', provider: 'p' }], ...rest };
  try {
    await checkedConfig(config, {});
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('callerKey: true', () => {
  it('stands alone: with a key of its own beside it, whoever brings none would spend that', async () => {
    expect(await problemsOf({ kind: 'openai' })).toBe('');
    // As "${OPENAI_API_KEY:-}" is where it is not set.
    expect(await problemsOf({ kind: 'openai', apiKey: '' })).toBe('');
    for (const apiKey of ['sk-own', ['sk-own']]) {
      expect(await problemsOf({ kind: 'openai', apiKey })).toContain('leave out apiKey');
    }
    for (const name of ['Authorization', 'x-api-key', 'API-Key']) {
      expect(await problemsOf({ kind: 'anthropic', headers: { [name]: 'x' } })).toContain(`leave out ${name}`);
    }
    expect(await problemsOf({ kind: 'openai', headers: { 'openai-project': 'x' } })).toBe('');
  });

  it('is for hosts, and for no embedder', async () => {
    const simulated = { kind: 'simulated', models: { m: { skill: { default: 0.5 } } } };
    expect(await problemsOf(simulated)).toContain('kind simulated cannot be called with callers’ keys');
    expect(await problemsOf({ kind: 'ai-sdk', package: '@ai-sdk/google' })).toContain('kind ai-sdk cannot');
    const routing = { embedder: { kind: 'openai', provider: 'p', model: 'e' } };
    expect(await problemsOf({ kind: 'openai' }, { routing })).toContain('give the embedder a provider of its own');
  });

  it.each([200, 401, 403, 500])('leaves doctor, config check and models no key to check (%i)', async (status) => {
    const [host, folder] = [await startMockProvider(json('{"data":[]}', status)), await temporaryFolder()];
    const config = {
      storage: { url: 'memory:' },
      providers: { theirs: { kind: 'openai', baseUrl: host.baseUrl, callerKey: true } },
      models: [{ id: 'm', provider: 'theirs', price: { input: 1, output: 2 }, quality: 0.5 }],
    };
    await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(config));
    const note = 'provider "theirs" is called with each caller’s own key: there is none to check';
    for (const command of [['config', 'check'], ['models']]) {
      const { code, stdout } = await runCli(command, { cwd: folder.path });
      expect([command, code, stdout]).toEqual([command, 0, expect.stringContaining(note)]);
    }
    const { stdout } = await runCli(['doctor', '--json'], { cwd: folder.path });
    const found = (JSON.parse(stdout) as { findings: { what: string; state: string; detail: string }[] }).findings.find(
      ({ what }) => what === 'provider theirs',
    );
    if (status === 500) expect(found).toMatchObject({ state: 'fail', detail: expect.stringContaining('status 500') });
    else
      expect(found).toMatchObject({ state: 'ok', detail: expect.stringContaining('each caller brings its own key') });
    expect(host.requests[0]?.headers['authorization']).toBeUndefined();
    await host.close();
    await folder.remove();
  });
});
