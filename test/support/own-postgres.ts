import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** A PostgreSQL of a test's own, which it may kill. */
export interface OwnPostgres {
  /** `postgres://postgres@127.0.0.1:…/postgres` */
  readonly url: string;
  /** Stops it without a word to anyone, as a crash does, and starts it again. */
  crash(): void;
  stop(): void;
}

/** The newest server that Debian's packages have installed. */
function binaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  try {
    const newest = readdirSync(root).toSorted((a, b) => Number(b) - Number(a))[0];
    return newest === undefined ? undefined : join(root, newest, 'bin');
  } catch {
    return undefined;
  }
}

/** Starts one on a free port; undefined, and a word about it, where there is no server. */
export async function startOwnPostgres(suite: string): Promise<OwnPostgres | undefined> {
  const bin = binaries();
  if (bin === undefined) {
    console.warn(`skipped: ${suite}. Debian's package "postgresql" is not installed`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'));
  const data = join(folder, 'db');
  const root = process.getuid?.() === 0;
  if (root) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })));
    chownSync(folder, uid ?? 0, gid ?? 0);
  }
  const run = (name: string, ...args: string[]) => {
    const command = [join(bin, name), ...args];
    const [first = '', ...rest] = root ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    execFileSync(first, rest, { cwd: folder, stdio: 'ignore' });
  };
  const port = await freePort();
  const options = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder} -c fsync=off`;
  const start = () => run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', '-o', options, 'start');
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale');
  start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    crash() {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
      start();
    },
    stop() {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
