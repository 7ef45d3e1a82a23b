import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess, untilUp, type Listening } from './process.ts';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

/** Installs the Portkey gateway into a temporary folder, once, and starts it; undefined where it cannot be installed. */
export async function startPortkey(): Promise<(Listening & { version: string }) | undefined> {
  const folder = join(tmpdir(), 'signalbox-bench-portkey');
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  try {
    if (!existsSync(entry)) {
      await mkdir(folder, { recursive: true });
      execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '@portkey-ai/gateway@1'], {
        stdio: 'ignore',
      });
    }
  } catch {
    return undefined;
  }
  const port = await freePort();
  const { version } = JSON.parse(
    execFileSync('node', ['-p', `JSON.stringify(require('${folder}/node_modules/@portkey-ai/gateway/package.json'))`], {
      encoding: 'utf8',
    }),
  ) as { version: string };
  const child = await startProcess(
    ['sh', '-c', `echo listening ${port}; exec node ${entry} --port=${port} --headless`],
    /listening (\d+)/,
  );
  await untilUp(child.url);
  return { ...child, version };
}
