import { defineCommand } from 'citty';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedConfig } from '../checked.ts';
import type { LoadedConfig } from '../config/load.ts';
import { SignalboxError } from '../errors.ts';
import { generateTasks, type Task } from '../providers/simulated/tasks.ts';
import { createLog } from '../telemetry/log.ts';
import { demoClient, type DemoAnswer, type DemoClient } from './demo-client.ts';
import { collect, learn } from './demo-learn.ts';
import { demoTable, summarise, type Arm, type ArmResult } from './demo-table.ts';
import { shareBar } from './eta-bar.ts';
import { print, printJson } from './print.ts';
import { portOf, wholeNumber } from './numbers.ts';
import { startServing, stopSignal, type Serving } from './serve.ts';
import { simulatedConfig } from './simulated.ts';

/** A role that routes by rules, beside the router that has learnt. */
const RULES = 'rules';

/** Ways to choose that the demo compares: strategies, and the controls that a router must beat. */
const ARMS: readonly Arm[] = [
  { name: 'best single', model: 'giant', control: true },
  { name: 'quality-first', model: 'auto', strategy: 'quality-first' },
  { name: 'balanced', model: 'auto', strategy: 'balanced' },
  { name: 'cost-first', model: 'auto', strategy: 'cost-first' },
  { name: 'rules, balanced', model: `role/${RULES}`, strategy: 'balanced', control: true },
  { name: 'random', model: 'auto', strategy: 'random', control: true },
  { name: 'cheapest', model: 'auto', strategy: 'cheapest', control: true },
];

/** Few enough that requests do not queue on a small machine: then the added time is the gateway's. */
const PARALLEL = 8;
/** Tasks that every model does first, for the router to learn from; none of them is asked again. */
const LESSONS = 300;
/** Apart from every seed that a caller may choose. */
const LESSON_SEED = 2 ** 31 + 1;

/** Does all work, a few pieces at once, with a bar. */
async function inParallel(label: string, work: readonly (() => Promise<void>)[]): Promise<void> {
  const bar = shareBar(label);
  const queue = work[Symbol.iterator]();
  let done = 0;
  try {
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (let step = queue.next(); step.done !== true; step = queue.next()) {
          await step.value();
          bar.tell(++done / work.length);
        }
      }),
    );
  } finally {
    bar.end();
  }
}

async function runArms(client: DemoClient, tasks: readonly Task[]): Promise<ArmResult[]> {
  const answers = new Map<Arm, DemoAnswer[]>(ARMS.map((arm) => [arm, []]));
  const ask = async (task: Task, arm: Arm) => {
    const reply = await client.ask(task.prompt, arm);
    const right = task.check(reply.text);
    await client.feedback(reply.decisionId, right ? 1 : 0);
    answers.get(arm)?.push({ ...reply, right });
  };
  await inParallel(
    'sending tasks',
    tasks.flatMap((task) => ARMS.map((arm) => () => ask(task, arm))),
  );
  return ARMS.map((arm) => summarise(arm, answers.get(arm) ?? []));
}

/** Collects outcomes, trains on them, and swaps the artifact in while the gateway serves. */
async function teach({ engine }: Serving, client: DemoClient, loaded: LoadedConfig, folder: string): Promise<void> {
  const models = loaded.config.models.map(({ id }) => id);
  const lessons = generateTasks({ seed: LESSON_SEED, count: LESSONS });
  const rows = await collect(client, models, lessons, (work) => inParallel('learning', work));
  const router = await learn(rows, folder, LESSON_SEED);
  const { config } = loaded;
  await engine.replace({ ...loaded, config: { ...config, routing: { ...config.routing, router } } });
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
  readonly loaded: LoadedConfig;
  readonly folder: string;
}

/** Teaches the router, sends the tasks and prints what came of them. */
async function show(serving: Serving, { count, seed, json, loaded, folder }: Showing): Promise<void> {
  const { url } = serving.gateway;
  if (!json) {
    print(
      `SIMULATED models behind a real gateway at ${url}; a router learns from ${LESSONS} tasks, then ${count} others × ${ARMS.length} ways to choose`,
    );
  }
  const client = demoClient(url);
  await teach(serving, client, loaded, folder);
  const results = await runArms(client, generateTasks({ seed, count }));
  await serving.engine.ledger.flush();
  if (json) printJson({ simulated: true, url, lessons: LESSONS, tasks: count, seed, results });
  else print('', demoTable(results, LESSONS), '');
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
      const loaded = await checkedConfig(
        { ...simulatedConfig({ port, folder }), roles: { [RULES]: { router: 'complexity' } } },
        {},
      );
      const serving = await startServing(loaded, createLog({ level: 'error' }));
      try {
        const shown = await Promise.race([
          show(serving, { count, seed, json: args.json === true, loaded, folder }),
          stopped,
        ]);
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
