import { pick, whole } from './random.ts';
import type { TaskFamily } from './task.ts';

const WORDS = [
  'river',
  'candle',
  'orbit',
  'meadow',
  'silver',
  'harbor',
  'pepper',
  'thunder',
  'violet',
  'anchor',
  'basket',
  'copper',
] as const;
const TASK = /^Apply these steps to the list \[([^\]]*)\], in order: ([^.]*)\. /;

/** What each step does, and how hard it is to do in one's head. */
const STEPS: Readonly<Record<string, readonly [difficulty: number, apply: (list: string[]) => string[]]>> = {
  'reverse the list': [0.1, (list) => list.toReversed()],
  'sort it alphabetically': [0.2, (list) => list.toSorted()],
  'write each word in capitals': [0.1, (list) => list.map((word) => word.toUpperCase())],
  'drop the first word': [0.1, (list) => list.slice(1)],
  'keep every second word, starting with the first': [0.3, (list) => list.filter((_, i) => i % 2 === 0)],
  'reverse the letters of each word': [0.5, (list) => list.map((word) => Array.from(word).toReversed().join(''))],
  'move the last word to the front': [0.2, (list) => [...list.slice(-1), ...list.slice(0, -1)]],
};
const NAMES = Object.keys(STEPS);

/** Steps on a list of words: more and odder steps are harder. */
export const transform: TaskFamily = {
  topic: 'transform',
  write(random, difficulty) {
    const words = Array.from({ length: 3 + Math.round(difficulty * 5) }, () => pick(random, WORDS));
    const steps = Array.from(
      { length: 1 + Math.round(difficulty * 3) },
      () => NAMES[whole(random, 0, NAMES.length - 1)] ?? '',
    );
    return `Apply these steps to the list [${words.join(', ')}], in order: ${steps.join('; then ')}. Answer with the words separated by commas only.`;
  },
  solve(prompt) {
    const found = TASK.exec(prompt);
    if (found === null) return undefined;
    const words = (found[1] ?? '').split(', ');
    const steps = (found[2] ?? '').split('; then ').map((name) => STEPS[name]);
    let list = words;
    let difficulty = (words.length - 3) / 15;
    for (const step of steps) {
      if (step === undefined) return undefined;
      list = step[1](list);
      difficulty += step[0] / 1.5;
    }
    const answer = list.join(', ');
    const swapped = [...list.slice(1), ...list.slice(0, 1)].join(', ');
    return {
      topic: 'transform',
      difficulty: Math.min(1, difficulty),
      answer,
      wrong: swapped === answer ? `${answer}, ${words[0] ?? ''}` : swapped,
    };
  },
};
