import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as it is shipped: the tests build it first. A build elsewhere is named by SIGNALBOX_CLI. */
export const CLI = process.env['SIGNALBOX_CLI'] ?? fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The environment of a fresh machine: no provider keys. */
function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    OLLAMA_HOST: 'http://127.0.0.1:9',
    ...extra,
  };
}

/** A command that runs on. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Resolves when it has ended. */
  readonly ended: Promise<CliResult>;
}

/** Starts a command. */
export function startCli(args: readonly string[], { cwd, env }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: environment(env) });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text));
  const ended = new Promise<CliResult>((resolve) => {
    child.on('close', (code) => resolve({ code, ...output }));
  });
  return { child, output, ended };
}

/** Runs a command to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).ended;
}

/** Starts `serve --json` and waits until it listens. */
export async function startServe(
  args: readonly string[],
  options: CliOptions,
): Promise<RunningCli & { readonly url: string }> {
  const running = startCli(['serve', '--json', '--port', '0', ...args], options);
  const url = await new Promise<string>((resolve, reject) => {
    running.child.stdout?.on('data', () => {
      const found = /"url":\s*"([^"]+)"/.exec(running.output.stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    void running.ended.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { ...running, url };
}
