import { arithmetic } from './arithmetic.ts';
import { conversion } from './conversion.ts';
import { extraction } from './extraction.ts';
import { pick, seededRandom } from './random.ts';
import type { Solved, Task, TaskFamily } from './task.ts';
import { transform } from './transform.ts';

export type { Solved, Task } from './task.ts';

/** One line per family. */
const FAMILIES: readonly [TaskFamily, ...TaskFamily[]] = [arithmetic, conversion, transform, extraction];

/** What a prompt of any family asks; undefined for free text. */
export function solve(prompt: string): Solved | undefined {
  for (const family of FAMILIES) {
    const solved = family.solve(prompt);
    if (solved !== undefined) return solved;
  }
  return undefined;
}

function plain(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
}

/** Tasks with checkable answers, the same for the same seed. */
export function generateTasks({ seed, count }: { readonly seed: number; readonly count: number }): Task[] {
  const random = seededRandom(seed);
  const tasks: Task[] = [];
  while (tasks.length < count) {
    const prompt = pick(random, FAMILIES).write(random, random());
    const solved = solve(prompt);
    if (solved === undefined) continue;
    const { topic, difficulty, answer } = solved;
    // The answer stands alone on the reply's last line, as the prompts ask.
    tasks.push({
      topic,
      difficulty,
      prompt,
      answer,
      check: (reply) => plain(reply.split('\n').at(-1) ?? '') === plain(answer),
    });
  }
  return tasks;
}
