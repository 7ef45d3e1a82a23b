import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startMockProvider } from '../mock-provider/mock-provider.ts';
import { startServe } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';
import { childrenOf } from '../support/processes.ts';

it('a worker that hangs is replaced, and every request is answered again', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder();
  const upstream = await startMockProvider();
  await writeFile(
    join(folder.path, 'signalbox.yaml'),
    JSON.stringify({
      providers: { p: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
      models: [{ id: 'm', provider: 'p', price: { input: 1, output: 2 } }],
    }),
  );
  const { child, ended, url, output } = await startServe(['--workers', '2'], { cwd: folder.path });
  const before = childrenOf(child.pid);
  expect(before).toHaveLength(2);
  const [hung = 0] = before;
  process.kill(hung, 'SIGSTOP');
  await expect.poll(() => output.stderr, { timeout: 90_000, interval: 500 }).toContain('a worker hangs');
  await expect.poll(() => childrenOf(child.pid).includes(hung), { timeout: 20_000 }).toBe(false);
  await expect.poll(() => output.stderr, { timeout: 20_000 }).toContain('has taken the place');
  const ask = () =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(asking('Hi')),
    });
  for (let n = 0; n < 10; n++) expect((await ask()).status).toBe(200);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  await upstream.close();
  await folder.remove();
});
