import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of the bench that listens. */
export interface Listening {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a command and waits for the line that tells its port. */
export async function startProcess(
  command: readonly string[],
  port: RegExp,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Listening> {
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const found = port.exec(line)?.[1];
    if (found === undefined) continue;
    child.stdout.resume();
    return {
      url: `http://127.0.0.1:${found}`,
      child,
      async stop() {
        child.kill('SIGTERM');
        const force = setTimeout(() => child.kill('SIGKILL'), 5000);
        await ended;
        clearTimeout(force);
      },
    };
  }
  throw new Error(`${command.join(' ')} ended without listening`);
}

/** Starts one of the bench's own TypeScript servers. */
export function startScript(name: string, ...args: readonly string[]): Promise<Listening> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return startProcess([process.execPath, '--import', 'tsx', file, ...args], /listening (\d+)/);
}

/** Waits until a URL answers anything. */
export async function untilUp(url: string, tries = 200): Promise<void> {
  for (let i = 0; i < tries; i++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not come up`);
}
