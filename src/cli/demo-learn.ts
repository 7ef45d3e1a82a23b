import { join } from 'node:path';
import type { Task } from '../providers/simulated/tasks.ts';
import { ridge } from '../routers/ridge.ts';
import { writeArtifact } from '../training/artifact-file.ts';
import type { DatasetRow } from '../training/dataset/row.ts';
import { trainArtifact } from '../training/train.ts';
import type { DemoClient } from './demo-client.ts';

/** Asks every model every task, as somebody who collects outcomes would: one row per task. */
export async function collect(
  client: DemoClient,
  models: readonly string[],
  tasks: readonly Task[],
  each: (work: readonly (() => Promise<void>)[]) => Promise<void>,
): Promise<DatasetRow[]> {
  const outcomes = tasks.map(() => new Map<string, { score: number; costUsd: number }>());
  await each(
    tasks.flatMap((task, i) =>
      models.map((model) => async () => {
        const reply = await client.ask(task.prompt, { name: 'collect', model });
        outcomes[i]?.set(model, { score: task.check(reply.text) ? 1 : 0, costUsd: reply.costUsd });
      }),
    ),
  );
  return tasks.map(({ prompt, topic }, i) => ({
    id: `task-${i}`,
    dataset: 'simulated',
    benchmark: topic,
    query: prompt,
    outcomes: Object.fromEntries(outcomes[i] ?? []),
  }));
}

/** Trains a ridge router on the rows; returns the artifact's path. */
export async function learn(rows: readonly DatasetRow[], folder: string, seed: number): Promise<string> {
  const { artifact } = trainArtifact(rows, ridge, { seed });
  const path = join(folder, 'demo.safetensors');
  await writeArtifact(path, artifact);
  return path;
}
