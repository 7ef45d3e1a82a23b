import type { EvaluationReport, SetReport } from './report.ts';
import { columnsOf, introduction, score } from './report-text.ts';

const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;
  return [line(titles), `|${titles.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line)];
}

function benchmarkTable(set: SetReport): string[] {
  if (set.benchmarks.length === 0) return [];
  const routers = set.routers.filter(({ control, name }) => !control || name === 'prototype');
  return [
    '',
    `<details><summary>By benchmark: quality of the best predicted model</summary>`,
    '',
    ...tableOf(
      [
        'benchmark',
        'queries',
        set.bestSingle.model,
        'best model in hindsight',
        ...routers.map(({ name }) => name),
        'oracle',
      ],
      set.benchmarks.map((one, i) => [
        one.name,
        String(one.rows),
        score(one.bestSingle, 3),
        `${score(one.best.quality, 3)} ${one.best.model}`,
        ...routers.map((router) => score(router.benchmarks[i]?.quality ?? null, 3)),
        score(one.oracle, 3),
      ]),
    ),
    '',
    '</details>',
  ];
}

function setMarkdown(set: SetReport): string[] {
  const columns = columnsOf(set);
  return [
    '',
    `### ${set.name}`,
    '',
    introduction(set).join(' '),
    '',
    ...tableOf(
      columns.map(({ title }) => title),
      set.routers.map((router) => columns.map(({ cell }) => (router.control ? cell(router) : `**${cell(router)}**`))),
    ),
    ...benchmarkTable(set),
  ];
}

/** How the numbers came about, in a sentence. */
export function method({ seed, folds, resamples, train, embedder }: EvaluationReport): string {
  const split = folds === null ? `Learnt on ${train.join(', ')}` : `${folds}-fold cross-validation grouped by query`;
  const vectors = embedder === undefined ? '' : `, vectors of ${embedder.kind}/${embedder.model}`;
  return `${split}${vectors}, seed ${seed}; 95 % intervals from ${resamples} paired resamples of the queries; λ, hyper-parameters and the best single model chosen on training rows.`;
}

/** The evaluation for a pull request. */
export function reportMarkdown(report: EvaluationReport): string {
  return `${['## Evaluation', '', method(report), ...report.sets.flatMap(setMarkdown)].join('\n')}\n`;
}
