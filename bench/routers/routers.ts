import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BENCHED, type Decided, type Fitted } from './measure.ts';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Rows of the two fits. */
const ROWS = [3600, 36_000] as const;

async function inChild<T>(...args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', 'tsx', CHILD, ...args], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout);
}

interface Measured extends Decided {
  readonly name: string;
  readonly rows: readonly number[];
  readonly fits: readonly Fitted[];
}

/** Fits on every number of rows, then decides with the router of the largest. */
async function measure(name: string, rows: readonly number[], folder: string): Promise<Measured> {
  const file = join(folder, `${name}.safetensors`);
  const fits: Fitted[] = [];
  for (const count of rows) fits.push(await inChild<Fitted>('fit', name, file, String(count)));
  return { name, rows, fits, ...(await inChild<Decided>('decide', name, file)) };
}

/** Routers that must decide within 100 µs; the others, which look at past queries or sum several routers, within 3 ms. */
const FAST = new Set(['ridge', 'kmeans', 'irt', 'mlp']);
/** Routers that fit all their parts on inner folds too. */
const NESTED = new Set(['learned', 'blend']);
const MB = 2 ** 20;
/** Bar of a fit at the largest number of rows, in seconds. */
const fitBar = (name: string): number => (NESTED.has(name) ? 15 * 60 : 30);
const decisionBar = (name: string): number => (FAST.has(name) ? 0.1 : 3);

/** What is not as it should be. */
function missed({ name, rows, fits, shortMs, longMs, memoryBytes }: Measured): string[] {
  const seconds = (fits.at(-1)?.seconds ?? 0) * (ROWS[1] / (rows.at(-1) ?? ROWS[1]));
  return [
    ...(shortMs < decisionBar(name) ? [] : ['decision']),
    ...(longMs < 5 ? [] : ['100 k tokens']),
    ...(memoryBytes < 40 * MB ? [] : ['memory']),
    ...(seconds < fitBar(name) ? [] : ['fit']),
  ];
}

const megabytes = (bytes: number): string => `${(Math.max(0, bytes) / MB).toFixed(1)} MB`;
const time = (ms: number): string => (ms < 1 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(2)} ms`);

function line(measured: Measured): string {
  const { name, fits, shortMs, longMs, memoryBytes } = measured;
  const [first, last] = [fits[0], fits.at(-1)];
  const growth = fits.length < 2 ? '' : `${((last?.cpuSeconds ?? 0) / (first?.cpuSeconds ?? 1)).toFixed(1)} ×`;
  const cells = [
    name,
    time(shortMs),
    `${longMs.toFixed(2)} ms`,
    megabytes(memoryBytes),
    megabytes(last?.artifactBytes ?? 0),
    ...fits.map(({ seconds, cpuSeconds }) => `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s)`),
    growth,
    missed(measured).join(', ') || 'none',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The lines of an earlier table, by router. */
function linesOf(table: string): Map<string, string> {
  return new Map(
    table.split('\n').flatMap((text): [string, string][] => {
      const name = /^\| ([\w-]+) /.exec(text)?.[1];
      return name !== undefined && BENCHED.some((one) => one.name === name) ? [[name, text]] : [];
    }),
  );
}

export interface RouterBenchOptions {
  /** Names of routers; without it all of them. Lines of others are taken from `before`. */
  readonly only?: readonly string[];
  readonly rows?: readonly number[];
  /** The table of an earlier run. */
  readonly before?: string;
}

/** Decision time, memory, size and fit time of every router that learns, each in processes of its own. */
export async function benchRouters({ only, rows = ROWS, before = '' }: RouterBenchOptions): Promise<string> {
  const lines = linesOf(before);
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-routers-'));
  try {
    for (const { name } of BENCHED) {
      if (only !== undefined && !only.includes(name)) continue;
      const told = line(await measure(name, rows, folder));
      console.error(told);
      lines.set(name, told);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const spaced = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
  const columns = [
    'router',
    'decision',
    '100 k tokens',
    'memory',
    'artifact',
    ...rows.map((count) => `fit, ${spaced(count)} rows (CPU)`),
    'growth',
    'bars missed',
  ];
  return [
    `| ${columns.join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    ...BENCHED.flatMap(({ name }) => lines.get(name) ?? []),
    '',
    '11 models; decisions p50, from parsed request to chosen model with query and features, by the router of the largest fit. Bars: decision < 100 µs for ridge, kmeans, irt and mlp, < 3 ms for the others, 100 k tokens < 5 ms, memory < 40 MB, fit on 36 000 rows < 30 s (blend and learned, which fit all parts on inner folds, < 15 min). Growth is that of CPU time.',
  ].join('\n');
}
