import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from './load.ts';
import { watchConfig } from './watch.ts';

const GOOD = `providers:
  p: { kind: openai, apiKey: old-key }
models:
  - { id: a, provider: p, price: { input: 1, output: 2 } }
`;

let folder: string;
let path: string;
let stop: AbortController;
/** What the watcher said, in order. */
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-config-'));
  path = join(folder, 'signalbox.yaml');
  stop = new AbortController();
  said = [];
});

afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

/** Starts with `GOOD`, which it returns as loaded, and with what `take` does with changes. */
async function follow(take: (next: LoadedConfig) => Promise<void> | void): Promise<LoadedConfig> {
  await writeFile(path, GOOD);
  const load = () => loadConfig({ path, cwd: folder, env: {}, checks: [] });
  const current = await load();
  watchConfig({
    path,
    current,
    load,
    settle: 20,
    onChange: async (next) => take(next),
    onError: (error) => void said.push(`refused: ${error.message}`),
    onRestored: () => void said.push('restored'),
    onNote: (message) => void said.push(message),
    signal: stop.signal,
  });
  return current;
}

describe('watching a configuration', () => {
  it('applies what holds, refuses what does not, keeps server, auth and storage', async () => {
    const changes: LoadedConfig[] = [];
    await follow((next) => void changes.push(next));
    await writeFile(path, `${GOOD}models: [`);
    await expect.poll(() => said.length).toBeGreaterThan(0);
    await writeFile(`${path}.tmp`, `${GOOD}routing: { strategy: cheapest }\nserver: { port: 1 }\n`);
    await rename(`${path}.tmp`, path);
    await expect.poll(() => changes.length).toBe(1);
    expect(changes[0]?.config.routing.strategy).toBe('cheapest');
    expect(changes[0]?.config.server.port).toBe(3456);
    expect(said.at(-1)).toBe('signalbox.yaml: a change of server needs a restart; the old values stay');
  });

  it('says that a change needs a restart, also when nothing else has changed', async () => {
    const changes: LoadedConfig[] = [];
    await follow((next) => void changes.push(next));
    await writeFile(path, `${GOOD}server: { port: 1 }\n`);
    await expect.poll(() => said).toEqual(['signalbox.yaml: a change of server needs a restart; the old values stay']);
    expect(changes).toEqual([]);
  });

  it('says that the file is gone, and when it is back as it was', async () => {
    await follow(() => {});
    await rm(path);
    await expect.poll(() => said).toEqual([expect.stringContaining('refused: signalbox.yaml: the file is gone')]);
    await writeFile(path, GOOD);
    await expect.poll(() => said.at(-1)).toBe('restored');
  });

  it('says that a refused file is as it was', async () => {
    await follow(() => {});
    await writeFile(path, 'models: []\n');
    await expect.poll(() => said.at(-1)).toMatch(/^refused: /);
    await writeFile(path, GOOD);
    await expect.poll(() => said.at(-1)).toBe('restored');
  });

  it('offers what was refused again, though the file says the same', async () => {
    let offered = 0;
    await follow(() => {
      if (++offered === 1) throw new Error('the artifact is damaged');
    });
    const changed = `${GOOD}routing: { strategy: cheapest }\n`;
    await writeFile(path, changed);
    await expect.poll(() => said).toHaveLength(1);
    await writeFile(path, changed);
    await expect.poll(() => offered).toBe(2);
    expect(said).toHaveLength(1);
  });

  it('takes a new secret, though it does not change the version', async () => {
    const changes: LoadedConfig[] = [];
    const current = await follow((next) => void changes.push(next));
    await writeFile(path, GOOD.replace('old-key', 'new-key'));
    await expect.poll(() => changes[0]?.config.providers['p']?.apiKey).toBe('new-key');
    expect(changes[0]?.version).toBe(current.version);
  });
});
