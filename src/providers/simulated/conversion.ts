import { pick, whole } from './random.ts';
import type { TaskFamily } from './task.ts';

/** Factor to the base unit, and how hard people find it. */
const UNITS: Readonly<Record<string, readonly [to: string, factor: number, difficulty: number]>> = {
  kilometres: ['metres', 1000, 0.1],
  metres: ['centimetres', 100, 0.1],
  kilograms: ['grams', 1000, 0.1],
  hours: ['seconds', 3600, 0.4],
  weeks: ['hours', 168, 0.5],
  gallons: ['millilitres', 3785.411784, 0.8],
  miles: ['metres', 1609.344, 0.8],
  acres: ['square metres', 4046.8564224, 0.9],
};
const NAMES = Object.keys(UNITS);
const UNIT_TASK = /^Convert (\d+) ([a-z]+) to ([a-z ]+)\. /;
const DATE_TASK = /^What date is (\d+) days after (\d{4}-\d{2}-\d{2})\? /;
const DAY_MS = 86_400_000;

function rounded(value: number): string {
  return String(Number(value.toFixed(2)));
}

function shifted(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Units and dates: odd factors and long spans are harder. */
export const conversion: TaskFamily = {
  topic: 'conversion',
  write(random, difficulty) {
    if (random() < 0.4) {
      const days = whole(random, 1, difficulty > 0.6 ? 900 : difficulty > 0.3 ? 90 : 9);
      const date = `20${whole(random, 10, 29)}-${String(whole(random, 1, 12)).padStart(2, '0')}-${String(whole(random, 1, 28)).padStart(2, '0')}`;
      return `What date is ${days} days after ${date}? Answer as YYYY-MM-DD only.`;
    }
    const near = NAMES.filter((name) => Math.abs((UNITS[name]?.[2] ?? 0) - difficulty) < 0.35);
    const from = near.length > 0 ? pick(random, [near[0] ?? 'hours', ...near.slice(1)]) : 'hours';
    return `Convert ${whole(random, 2, 90)} ${from} to ${UNITS[from]?.[0] ?? ''}. Answer with the number only, at most two decimals.`;
  },
  solve(prompt) {
    const unit = UNIT_TASK.exec(prompt);
    if (unit !== null) {
      const row = UNITS[unit[2] ?? ''];
      if (row === undefined || row[0] !== unit[3]) return undefined;
      const value = Number(unit[1]) * row[1];
      return { topic: 'conversion', difficulty: row[2], answer: rounded(value), wrong: rounded(value * 1.1 + 1) };
    }
    const date = DATE_TASK.exec(prompt);
    if (date === null) return undefined;
    const days = Number(date[1]);
    const from = date[2] ?? '';
    return {
      topic: 'conversion',
      difficulty: Math.min(1, Math.log10(days + 1) / 3),
      answer: shifted(from, days),
      wrong: shifted(from, days + 1),
    };
  },
};
