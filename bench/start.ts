import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './gateway/first-byte.ts';
import { startProcess } from './gateway/process.ts';

/**
 * Milliseconds, medians of `count`: `signalbox --help`, `serve` until it listens and until `/ready` has answered, and
 * Node's own start for scale. The ledger is there already, as it is at every start but the first.
 */
export async function benchStart(count: number) {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-start-'));
  const times = { node: [] as number[], help: [] as number[], serve: [] as number[], ready: [] as number[] };
  const serve = () =>
    startProcess(
      [process.execPath, main, 'serve', '--simulated', '--port', '0', '--log', 'warn'],
      /127\.0\.0\.1:(\d+)/,
      { cwd: folder },
    );
  try {
    await (await serve()).stop();
    for (let i = 0; i < count; i++) {
      const timed = (args: string[]) => {
        const started = performance.now();
        execFileSync(process.execPath, args, { stdio: 'ignore' });
        return performance.now() - started;
      };
      times.node.push(timed(['-e', '0']));
      times.help.push(timed([main, '--help']));
      const started = performance.now();
      const serving = await serve();
      times.serve.push(performance.now() - started);
      await (await fetch(`${serving.url}/ready`)).text();
      times.ready.push(performance.now() - started);
      await serving.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return {
    node: median(times.node),
    help: median(times.help),
    serve: median(times.serve),
    ready: median(times.ready),
  };
}
