import { defineCommand } from 'citty';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedConfig } from '../checked.ts';
import { SignalboxError } from '../errors.ts';
import { generateTasks, type Task } from '../providers/simulated/tasks.ts';
import { createLog } from '../telemetry/log.ts';
import { demoClient, type DemoAnswer } from './demo-client.ts';
import { demoTable, summarise, type Arm, type ArmResult } from './demo-table.ts';
import { shareBar } from './eta-bar.ts';
import { print, printJson } from './print.ts';
import { portOf, wholeNumber } from './numbers.ts';
import { startServing, stopSignal, type Serving } from './serve.ts';
import { simulatedConfig } from './simulated.ts';

/** Ways to choose that the demo compares: strategies, and the controls that a router must beat. */
const ARMS: readonly Arm[] = [
  { name: 'best single', model: 'giant', control: true },
  { name: 'quality-first', model: 'auto', strategy: 'quality-first' },
  { name: 'balanced', model: 'auto', strategy: 'balanced' },
  { name: 'cost-first', model: 'auto', strategy: 'cost-first' },
  { name: 'random', model: 'auto', strategy: 'random', control: true },
  { name: 'cheapest', model: 'auto', strategy: 'cheapest', control: true },
];

const PARALLEL = 24;

/** Runs `work` over items, at most `parallel` at once. */
async function inParallel<T>(items: readonly T[], parallel: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let step = queue.next(); step.done !== true; step = queue.next()) await work(step.value);
    }),
  );
}

async function runArms(url: string, tasks: readonly Task[]): Promise<ArmResult[]> {
  const client = demoClient(url);
  const bar = shareBar('sending tasks');
  let done = 0;
  const answers = new Map<Arm, DemoAnswer[]>(ARMS.map((arm) => [arm, []]));
  const work = tasks.flatMap((task) => ARMS.map((arm) => ({ task, arm })));
  try {
    await inParallel(work, PARALLEL, async ({ task, arm }) => {
      const reply = await client.ask(task.prompt, arm);
      const right = task.check(reply.text);
      await client.feedback(reply.decisionId, right ? 1 : 0);
      answers.get(arm)?.push({ ...reply, right });
      bar.tell(++done / work.length);
    });
  } finally {
    bar.end();
  }
  return ARMS.map((arm) => summarise(arm, answers.get(arm) ?? []));
}

/** A folder for the demo's ledger, removed at its end. */
async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'signalbox-demo-'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError(
      'storage_unavailable',
      `the demo cannot make a folder in "${tmpdir()}": ${why}; set TMPDIR to a folder that this user may write to`,
      { cause },
    );
  }
}

interface Showing {
  readonly count: number;
  readonly seed: number;
  readonly json: boolean;
}

/** Sends the tasks and prints what came of them. */
async function show({ gateway, engine }: Serving, { count, seed, json }: Showing): Promise<void> {
  const { url } = gateway;
  if (!json) print(`SIMULATED models behind a real gateway at ${url}; ${count} tasks × ${ARMS.length} ways to choose`);
  const results = await runArms(url, generateTasks({ seed, count }));
  await engine.ledger.flush();
  if (json) printJson({ simulated: true, url, tasks: count, seed, results });
  else print('', demoTable(results), '');
}

const invitation = (url: string): string[] => [
  `Look at it:  ${url}/ui/`,
  `Talk to it:  curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"auto","messages":[{"role":"user","content":"Convert 3 km to m."}]}'`,
  'Ctrl-C stops it.',
];

export const demo = defineCommand({
  meta: {
    name: 'demo',
    description: 'Simulated models behind a real gateway: sends checked tasks, compares strategies, then serves on',
  },
  args: {
    exit: { type: 'boolean', description: 'Stop after the table' },
    tasks: { type: 'string', default: '300', description: 'How many tasks each strategy gets' },
    seed: { type: 'string', default: '7', description: 'Seed of the tasks' },
    port: { type: 'string', default: '0', description: 'Port (0 = any free one)' },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const count = wholeNumber(args.tasks, 'tasks', 1, 10_000);
    const seed = wholeNumber(args.seed, 'seed', 0, 2 ** 31);
    const port = portOf(args.port);
    const stopped = stopSignal();
    const folder = await temporaryFolder();
    try {
      const loaded = await checkedConfig(simulatedConfig({ port, folder }), {});
      const serving = await startServing({ loaded, from: 'simulated models' }, createLog({ level: 'error' }));
      try {
        const shown = await Promise.race([show(serving, { count, seed, json: args.json === true }), stopped]);
        if (shown !== undefined) {
          process.stderr.write(`signalbox: ${shown} before the tasks were done\n`);
          return 1;
        }
        if (args.exit === true) return 0;
        if (args.json !== true) print(...invitation(serving.gateway.url));
        await stopped;
        return 0;
      } finally {
        await serving.stop();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});
