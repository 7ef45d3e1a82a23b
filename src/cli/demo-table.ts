import { percent, usd } from '../decide/words.ts';
import type { DemoAnswer } from './demo-client.ts';
import { table } from './print.ts';

/** One way to choose. */
export interface Arm {
  readonly name: string;
  /** The `model` that is sent. */
  readonly model: string;
  /** The `x-signalbox-strategy` that is sent. */
  readonly strategy?: string;
  /** True for what a router must beat. */
  readonly control?: boolean;
}

/** What one way to choose achieved. */
export interface ArmResult {
  readonly name: string;
  readonly control: boolean;
  readonly tasks: number;
  /** Share of right answers, 0..1. */
  readonly accuracy: number;
  readonly costUsd: number;
  readonly overheadMs: { readonly p50: number; readonly p95: number };
  /** Share of requests per model. */
  readonly models: Readonly<Record<string, number>>;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Sums up the answers of one arm. */
export function summarise(arm: Arm, answers: readonly DemoAnswer[]): ArmResult {
  const overheads = answers.map((answer) => answer.overheadMs).sort((a, b) => a - b);
  const counts = new Map<string, number>();
  for (const { model } of answers) counts.set(model, (counts.get(model) ?? 0) + 1);
  return {
    name: arm.name,
    control: arm.control === true,
    tasks: answers.length,
    accuracy: answers.filter((answer) => answer.right).length / Math.max(1, answers.length),
    // The ledger counts in nano-dollars; more digits are the sum's rounding.
    costUsd: Number(answers.reduce((sum, answer) => sum + answer.costUsd, 0).toFixed(9)),
    overheadMs: { p50: quantile(overheads, 0.5), p95: quantile(overheads, 0.95) },
    models: Object.fromEntries([...counts].map(([model, count]) => [model, count / answers.length])),
  };
}

function mix(models: ArmResult['models']): string {
  return Object.entries(models)
    .sort(([, a], [, b]) => b - a)
    .map(([model, share]) => `${model} ${Math.round(share * 100)}%`)
    .join(' ');
}

/** The closing table; `best single` is what shares are taken of. */
export function demoTable(results: readonly ArmResult[], lessons: number): string {
  const best = results.find((result) => result.name === 'best single') ?? results[0];
  const share = (part: number, whole: number | undefined) =>
    whole === undefined || whole === 0 ? '' : percent(part / whole);
  const rows = results.map((result) => [
    result.control ? `${result.name} (control)` : result.name,
    percent(result.accuracy),
    usd(result.costUsd),
    share(result.accuracy, best?.accuracy),
    share(result.costUsd, best?.costUsd),
    result.overheadMs.p50.toFixed(2),
    result.overheadMs.p95.toFixed(2),
    mix(result.models),
  ]);
  return [
    'SIMULATED: models, prices and skills are made up; routing, HTTP, ledger and times are real.',
    `The router is \`ridge\`: it learnt from ${lessons} other tasks that every model did through the gateway; \`rules\` (\`complexity\`) learnt nothing.`,
    'balanced keeps 98 % of the best single model’s quality and cost-first 90 %, as means over many queries: a few hundred say so within some points.',
    '',
    table(
      [
        { title: 'strategy' },
        { title: 'accuracy', align: 'right' },
        { title: 'cost', align: 'right' },
        { title: 'of best’s accuracy', align: 'right' },
        { title: 'of best’s cost', align: 'right' },
        { title: 'added ms p50', align: 'right' },
        { title: 'p95', align: 'right' },
        { title: 'models used' },
      ],
      rows,
    ),
  ].join('\n');
}
