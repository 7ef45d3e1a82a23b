import { calibrationSvgs } from './plot-small.ts';
import { colourOf } from './plot-legend.ts';
import { learningSvg } from './plot-learning.ts';
import { planeSvg } from './plot-plane.ts';
import { originParts, type Origin } from './origin.ts';
import { aboutControl, READING } from './report-about.ts';
import { groupsOf, VERDICT, type ColumnGroup } from './report-groups.ts';
import { benchmarkTable, groupTable, regretTables } from './report-html-tables.ts';
import { method } from './report-markdown.ts';
import { STYLE } from './report-style.ts';
import { introduction } from './report-text.ts';
import { headline, verdictPhrases, verdictSubject } from './report-verdict.ts';
import type { EvaluationReport, RouterReport, SetReport } from './report.ts';
import { escapeHtml, proseHtml } from './svg.ts';

export interface HtmlOptions {
  /** Whether the worst queries are shown with their texts; they are by default. */
  readonly texts?: boolean;
}

function verdictHtml(set: SetReport, router: RouterReport): string {
  const phrases = verdictPhrases(router).map(
    ({ before, finding, after, mark = '' }) =>
      `${proseHtml(before)}<b class="${mark}">${escapeHtml(finding)}</b>${proseHtml(after)}`,
  );
  if (phrases.length === 0) return '';
  return `<li><span class="swatch ${colourOf(set, router.name)}"></span>${escapeHtml(verdictSubject(router))}: ${phrases.join('; ')}.</li>`;
}

function verdicts(set: SetReport): string {
  const items = set.routers.filter(({ control }) => !control).map((router) => verdictHtml(set, router));
  return items.join('') === '' ? '' : `<ul class="verdicts">${items.join('')}</ul>`;
}

function groupHtml(set: SetReport, group: ColumnGroup, i: number): string {
  const judged = set.routers.some(({ control }) => !control);
  const shown = i === 0 && judged ? { ...group, columns: [...group.columns, VERDICT] } : group;
  return `<h3>${escapeHtml(group.title)} <span>${escapeHtml(group.about)}</span></h3>${groupTable(set, shown)}`;
}

function setHtml(set: SetReport, texts: boolean): string {
  const learning = learningSvg(set);
  const calibration = calibrationSvgs(set);
  const lead = headline(set);
  return [
    `<section id="${escapeHtml(set.name)}"><h2>${escapeHtml(set.name)}</h2>`,
    ...introduction(set).map((line) => `<p class="soft">${proseHtml(line)}</p>`),
    lead === '' ? '' : `<p class="lead">${proseHtml(lead)}</p>`,
    verdicts(set),
    planeSvg(set),
    ...groupsOf(set).map((group, i) => groupHtml(set, group, i)),
    learning === '' ? '' : `<h3>Learning curve</h3>${learning}`,
    calibration === '' ? '' : `<h3>Calibration</h3><div class="smalls">${calibration}</div>`,
    benchmarkTable(set),
    regretTables(set, texts),
    '</section>',
  ].join('');
}

/** What the controls do and what the columns say, for all that are shown. */
function glossary(sets: readonly SetReport[]): string {
  const list = (entries: ReadonlyMap<string, string>): string =>
    `<dl>${[...entries].map(([name, about]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(about)}</dd></div>`).join('')}</dl>`;
  const controls = new Map(
    sets.flatMap(({ routers }) =>
      routers.flatMap(({ name, control }) => {
        const about = control ? aboutControl(name) : undefined;
        return about === undefined ? [] : [[name, about] as const];
      }),
    ),
  );
  const columns = new Map(
    sets.flatMap((set) =>
      groupsOf(set).flatMap((group) => group.columns.slice(1).map(({ title, about }) => [title, about] as const)),
    ),
  );
  return `<section><h2>How to read this</h2><p>${escapeHtml(READING)}</p><p>In the drawings the prototype is dashed, mixing single models is dotted, other controls are grey.</p><h3>Controls</h3>${list(controls)}<details><summary>Columns</summary>${list(columns)}</details></section>`;
}

function originHtml(origin: Origin | undefined): string {
  if (origin === undefined) return '';
  return `<p class="note origin">${originParts(origin).map(escapeHtml).join(' · ')}</p>`;
}

/** The evaluation as one page that needs nothing else: no script, no font, no request. */
export function reportHtml(report: EvaluationReport, { texts = true }: HtmlOptions = {}): string {
  const names = report.sets.map(({ name }) => name);
  const links =
    names.length < 2
      ? ''
      : `<nav>${names.map((name) => `<a href="#${encodeURIComponent(name)}">${escapeHtml(name)}</a>`).join('')}</nav>`;
  const sets = report.sets.map((set) => setHtml(set, texts)).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation: ${escapeHtml(names.join(', '))}</title><style>${STYLE}</style></head>
<body><main><h1>What routing is worth</h1><p class="soft">${escapeHtml(method(report))}</p>${links}${sets}
${glossary(report.sets)}${originHtml(report.origin)}</main></body></html>
`;
}
