import { originParts } from './origin.ts';
import { aboutControl, READING } from './report-about.ts';
import type { Column } from './report-columns.ts';
import { groupsOf, type ColumnGroup } from './report-groups.ts';
import { introduction, score } from './report-text.ts';
import { headline, verdictTexts } from './report-verdict.ts';
import type { EvaluationReport, RouterReport, SetReport } from './report.ts';
import { escapeHtml } from './svg.ts';

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

/** A cell with its small print; what is better, its interval above 0, is bold. */
function cellMarkdown({ cell, small, mark }: Column, router: RouterReport): string {
  const text = [cell(router), small?.(router) ?? ''].filter((part) => part !== '').join(' ');
  return mark?.(router) === 'good' ? `**${text}**` : text;
}

function groupMarkdown({ title, about, columns, routers }: ColumnGroup): string[] {
  return [
    '',
    `**${title}**: ${about}`,
    '',
    ...tableOf(
      columns.map((column) => column.title),
      routers.map((router) => columns.map((column) => cellMarkdown(column, router))),
    ),
  ];
}

function setMarkdown(set: SetReport): string[] {
  const lead = headline(set);
  return [
    '',
    `### ${set.name}`,
    ...(lead === '' ? [] : ['', lead]),
    ...verdictTexts(set).flatMap((text, i) => [...(i === 0 ? [''] : []), `- ${text}`]),
    '',
    introduction(set).join(' '),
    ...groupsOf(set).flatMap(groupMarkdown),
    ...benchmarkTable(set),
  ];
}

function controlsMarkdown(sets: readonly SetReport[]): string[] {
  const names = new Set(
    sets.flatMap(({ routers }) => routers.filter(({ control }) => control).map(({ name }) => name)),
  );
  const lines = [...names].flatMap((name) => {
    const about = aboutControl(name);
    return about === undefined ? [] : [`- \`${name}\`: ${about}`];
  });
  return ['', '<details><summary>What the controls do</summary>', '', ...lines, '', READING, '', '</details>'];
}

/** How the numbers came about, in a sentence. */
export function method({ seed, folds, resamples, train, embedder }: EvaluationReport): string {
  const split = folds === null ? `Learnt on ${train.join(', ')}` : `${folds}-fold cross-validation grouped by query`;
  const vectors = embedder === undefined ? '' : `, vectors of ${embedder.kind}/${embedder.model}`;
  return `${split}${vectors}, seed ${seed}; 95 % intervals from ${resamples} paired resamples of the queries; λ, hyper-parameters and the best single model chosen on training rows.`;
}

/** The evaluation for a pull request. */
export function reportMarkdown(report: EvaluationReport): string {
  const { sets, origin } = report;
  const made = origin === undefined ? [] : ['', `<sub>${escapeHtml(originParts(origin).join(' · '))}</sub>`];
  const parts = ['## Evaluation', '', method(report), ...sets.flatMap(setMarkdown), ...controlsMarkdown(sets), ...made];
  return `${parts.join('\n')}\n`;
}
