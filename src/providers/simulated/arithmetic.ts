import { pick, whole } from './random.ts';
import type { TaskFamily } from './task.ts';

const NAMES = ['Mira', 'Tomas', 'Ines', 'Jonas', 'Aiko', 'Samir'] as const;
const THINGS = ['apples', 'tickets', 'stamps', 'marbles', 'coins', 'books'] as const;
const STEP = /(finds|loses|doubles|triples|shares)(?: (\d+))?/g;
const START = /^(\w+) has (\d+) (\w+)\. /;

/** A chain of steps on a number: more steps, harder. */
export const arithmetic: TaskFamily = {
  topic: 'arithmetic',
  write(random, difficulty) {
    const name = pick(random, NAMES);
    const thing = pick(random, THINGS);
    const big = difficulty > 0.6 ? 900 : difficulty > 0.3 ? 90 : 12;
    const steps = Array.from({ length: 1 + Math.round(difficulty * 6) }, () => {
      const kind = whole(random, 0, difficulty > 0.4 ? 4 : 1);
      const amount = whole(random, 2, big);
      if (kind === 0) return `${name} finds ${amount} more.`;
      if (kind === 1) return `${name} loses ${Math.min(amount, 5)} of them.`;
      if (kind === 2) return `Then ${name} doubles the number.`;
      if (kind === 3) return `Then ${name} triples the number.`;
      return `${name} shares 3 with a friend.`;
    });
    return `${name} has ${whole(random, 20, 20 + big)} ${thing}. ${steps.join(' ')} How many ${thing} does ${name} have now? Answer with the number only.`;
  },
  solve(prompt) {
    const start = START.exec(prompt);
    if (start === null || !prompt.includes('have now?')) return undefined;
    let total = Number(start[2]);
    let steps = 0;
    for (const [, verb, amount] of prompt.slice(start[0].length).matchAll(STEP)) {
      steps++;
      const number = Number(amount ?? 0);
      if (verb === 'finds') total += number;
      else if (verb === 'doubles') total *= 2;
      else if (verb === 'triples') total *= 3;
      else total -= number;
    }
    return {
      topic: 'arithmetic',
      difficulty: Math.min(1, (steps - 1) / 6),
      answer: String(total),
      wrong: String(total + (total % 2 === 0 ? 3 : -2)),
    };
  },
};
