import { calibrationSvgs, learningSvg, whisker } from './plot-small.ts';
import { colourOf, planeSvg } from './plot-plane.ts';
import { method } from './report-markdown.ts';
import { STYLE } from './report-style.ts';
import { columnsOf, introduction, score, share, signed, type Column } from './report-text.ts';
import type { EvaluationReport, RouterReport, SetReport } from './report.ts';
import { escapeHtml } from './svg.ts';

/** The router that a reader should hear of first: the one of the largest auc, without costs of the highest quality. */
function bestRouter(set: SetReport): RouterReport | undefined {
  return [...set.routers]
    .filter(({ control }) => !control)
    .sort((a, b) => (b.auc ?? b.maxQuality) - (a.auc ?? a.maxQuality))[0];
}

/** What the set says about the best router, in a sentence or two. */
function lead(set: SetReport): string {
  const best = bestRouter(set);
  if (best === undefined) return '';
  const { balanced, 'quality-first': first } = best.strategies;
  const name = `<b>${escapeHtml(best.name)}</b>`;
  if (best.auc === null || balanced === null || balanced.costShare === null) {
    const gain = (first?.quality ?? best.maxQuality) - set.bestSingle.quality;
    return `<p class="lead">${name} reaches quality ${score(best.maxQuality)}, ${signed(gain)} against always calling ${escapeHtml(set.bestSingle.model)}.</p>`;
  }
  const sure =
    (best.aucMinusZeroCi?.[0] ?? 0) > 0 ? '' : ' The interval of its auc − zero contains nothing: it may be luck.';
  return `<p class="lead">With <i>balanced</i>, ${name} keeps ${share(balanced.qualityShare, 1)} of ${escapeHtml(set.bestSingle.model)}’s quality at ${share(balanced.costShare)} of its cost. Over all trade-offs it closes ${share(best.gapClosed, 1)} of the gap between mixing single models and knowing every outcome.${sure}</p>`;
}

/** `.8423 [.84, .85]` with the interval in small print below. */
function cellHtml(text: string): string {
  const at = text.indexOf(' [');
  return at === -1
    ? escapeHtml(text)
    : `${escapeHtml(text.slice(0, at))}<small>${escapeHtml(text.slice(at + 1))}</small>`;
}

function scaleOf(set: SetReport): readonly [number, number] {
  const own = set.routers.filter(
    ({ name, control }) => !control || ['constant', 'length', 'shuffled', 'prototype'].includes(name),
  );
  const ends = own.flatMap(({ aucMinusZeroCi }) => aucMinusZeroCi ?? []);
  const [low, high] = [Math.min(0, ...ends), Math.max(0.001, ...ends)];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
}

function routerTable(set: SetReport): string {
  const columns = columnsOf(set);
  const [low, high] = scaleOf(set);
  const head = (column: Column): string => `<th title="${escapeHtml(column.about)}">${escapeHtml(column.title)}</th>`;
  const hasForest = set.zeroAuc !== null;
  const heads = columns.map((column) => head(column) + (hasForest && column.title === 'auc − zero' ? '<th></th>' : ''));
  const rows = set.routers.map((router) => {
    const cells = columns.map((column, i) => {
      const content =
        i === 0
          ? `<span class="swatch ${colourOf(set, router.name)}"></span>${escapeHtml(router.name)}`
          : cellHtml(column.cell(router));
      const forest = hasForest && column.title === 'auc − zero' ? `<td>${whisker(router, set, low, high)}</td>` : '';
      return `<td>${content}</td>${forest}`;
    });
    return `<tr class="${router.control ? 'aside' : 'router'}">${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function benchmarkTable(set: SetReport): string {
  if (set.benchmarks.length === 0) return '';
  const routers = set.routers.filter(({ control, name }) => !control || name === 'prototype');
  const heads = [
    'benchmark',
    'queries',
    set.bestSingle.model,
    'best model in hindsight',
    ...routers.map(({ name }) => name),
    'oracle',
  ];
  const rows = set.benchmarks.map((one, i) => {
    const cells = routers.map((router) => {
      const quality = router.benchmarks[i]?.quality ?? null;
      if (quality === null) return '<td>–</td>';
      const difference = quality - one.bestSingle;
      // Two standard errors of a mean of zeros and ones: what is less is not worth a colour.
      const noise = 2 * Math.sqrt(Math.max(1e-9, one.bestSingle * (1 - one.bestSingle)) / one.rows);
      const kind = difference > noise ? 'up' : difference < -noise ? 'down' : '';
      return `<td class="${kind}">${score(quality, 3)}<small>${signed(difference)}</small></td>`;
    });
    return `<tr><td>${escapeHtml(one.name)}</td><td>${one.rows}</td><td>${score(one.bestSingle, 3)}</td><td>${score(one.best.quality, 3)}<small>${escapeHtml(one.best.model)}</small></td>${cells.join('')}<td>${score(one.oracle, 3)}</td></tr>`;
  });
  return `<details><summary>By benchmark <span>quality of the best predicted model, and the difference to the best single model</span></summary><div class="scroll"><table><thead><tr>${heads.map((text) => `<th>${escapeHtml(text)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

function regretTables(set: SetReport): string {
  return set.routers
    .filter(({ control }) => !control)
    .map(({ name }) => {
      const regrets = set.drawn.regrets.get(name) ?? [];
      if (regrets.length === 0) return '';
      const rows = regrets.map(
        (one) =>
          `<tr><td>${escapeHtml(one.id)}<small>${escapeHtml(one.label)}</small></td><td class="text">${escapeHtml(one.text)}</td><td>${escapeHtml(one.chosen)}<small>expected ${score(one.predicted, 2)}, scored ${score(one.score, 2)}</small></td><td>${escapeHtml(one.bestModel)}<small>expected ${score(one.bestPredicted, 2)}, scored ${score(one.bestScore, 2)}</small></td></tr>`,
      );
      return `<details><summary>Worst queries of ${escapeHtml(name)} <span>where its choice lost most against the query’s best model, surest first</span></summary><div class="scroll"><table><thead><tr><th>query</th><th></th><th>chosen</th><th>best</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
    })
    .join('');
}

function setHtml(set: SetReport): string {
  const learning = learningSvg(set);
  const calibration = calibrationSvgs(set);
  return `<section id="${escapeHtml(set.name)}"><h2>${escapeHtml(set.name)}</h2>${introduction(set)
    .map((line) => `<p class="soft">${escapeHtml(line)}</p>`)
    .join('')}${lead(set)}${planeSvg(set)}<h3>Routers and controls</h3>${routerTable(set)}${
    learning === '' ? '' : `<h3>Learning curve</h3>${learning}`
  }${calibration === '' ? '' : `<h3>Calibration</h3><div class="smalls">${calibration}</div>`}${benchmarkTable(set)}${regretTables(set)}</section>`;
}

/** The evaluation as one page that needs nothing else: no script, no font, no request. */
export function reportHtml(report: EvaluationReport): string {
  const names = report.sets.map(({ name }) => name);
  const links =
    names.length < 2
      ? ''
      : `<nav>${names.map((name) => `<a href="#${encodeURIComponent(name)}">${escapeHtml(name)}</a>`).join('')}</nav>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation: ${escapeHtml(names.join(', '))}</title><style>${STYLE}</style></head>
<body><main><h1>What routing is worth</h1><p class="soft">${escapeHtml(method(report))}</p>${links}${report.sets.map(setHtml).join('')}
<p class="note">auc: mean quality between the cheapest and the best single model’s cost. zero: the best that mixing single models at random reaches. Controls are grey: a router that does not beat them has learnt nothing.</p></main></body></html>
`;
}
