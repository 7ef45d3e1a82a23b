import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import { startGateway, temporaryFolder, type TestGateway } from '../support/gateway.ts';

const KEY = 'sb-0123456789-the-owner';
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;

async function start(auth: object): Promise<void> {
  const { storage: _storage, ...config } = simulatedConfig({ port: 0, folder: '' });
  gateway = await startGateway({ ...config, auth }, { dashboard: join(folder.path, 'page/') });
}

beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'page'));
  await writeFile(join(folder.path, 'page/index.html'), '<h1>the page</h1>');
});

afterEach(async () => {
  await gateway.close();
  await folder.remove();
});

describe('a browser', () => {
  it('is sent to the page; others are told where it is', async () => {
    await start({});
    expect(await (await gateway.get('/', BROWSER)).text()).toContain('the page');
    expect(await (await gateway.get('/')).text()).toBe('Ollama is running');
  });

  it('is shown a form for a key where keys are required', async () => {
    await start({ mode: 'required', keys: [{ name: 'o', key: KEY, admin: true }] });
    for (const path of ['/', '/ui', '/ui/']) {
      const response = await gateway.get(path, BROWSER);
      expect(response.status, path).toBe(401);
      expect(response.headers.get('content-type'), path).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(await response.text(), path).toMatch(/A key is needed[\s\S]*<form method="post" action="login">/);
    }
    // Programs are told as everywhere, and a key opens.
    expect(await (await gateway.get('/ui/')).json()).toMatchObject({ error: { code: 'unauthorized' } });
    expect(await (await gateway.get('/router/v1/stats', BROWSER)).json()).toMatchObject({
      error: { code: 'unauthorized' },
    });
    expect((await gateway.get('/ui/', { ...BROWSER, authorization: `Bearer ${KEY}` })).status).toBe(200);
  });
});
