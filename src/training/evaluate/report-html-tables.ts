import { colourOf } from './plot-legend.ts';
import { whisker } from './plot-small.ts';
import { aboutControl } from './report-about.ts';
import type { Column } from './report-columns.ts';
import type { ColumnGroup } from './report-groups.ts';
import { score, signed } from './report-text.ts';
import type { RouterReport, SetReport } from './report.ts';
import { escapeHtml } from './svg.ts';

/** A table that may be wider than the page: it scrolls, and says so where the page is narrow. */
function scrolling(heads: readonly string[], rows: readonly string[], kind = ''): string {
  const cue = '<p class="cue">more to the right, scroll sideways →</p>';
  return `${cue}<div class="scroll" tabindex="0"><table class="${kind}"><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** `.8423 [.84, .85]` with the interval, and what else there is to say, in small print below. */
function cellHtml(column: Column, router: RouterReport): string {
  const text = column.cell(router);
  const at = text.indexOf(' [');
  const small = [...(at === -1 ? [] : [text.slice(at + 1)]), column.small?.(router) ?? ''].filter(
    (part) => part !== '',
  );
  const main = escapeHtml(at === -1 ? text : text.slice(0, at));
  return small.length === 0 ? main : `${main}<small>${escapeHtml(small.join(' '))}</small>`;
}

function nameHtml(set: SetReport, name: string): string {
  const about = aboutControl(name);
  const title = about === undefined ? '' : ` title="${escapeHtml(about)}"`;
  return `<td><span class="swatch ${colourOf(set, name)}"></span><span${title}>${escapeHtml(name)}</span></td>`;
}

function scaleOf(set: SetReport): readonly [number, number] {
  const own = set.routers.filter(
    ({ name, control }) => !control || ['constant', 'length', 'shuffled', 'prototype'].includes(name),
  );
  const ends = own.flatMap(({ aucMinusZeroCi }) => aucMinusZeroCi ?? []);
  const [low, high] = [Math.min(0, ...ends), Math.max(0.001, ...ends)];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
}

/** One table of routers and controls; `auc − zero` is drawn as well. */
export function groupTable(set: SetReport, { columns, routers }: ColumnGroup): string {
  const [low, high] = scaleOf(set);
  const drawn = (column: Column): boolean => set.zeroAuc !== null && column.title === 'auc − zero';
  const heads = columns.map(
    (column) =>
      `<th title="${escapeHtml(column.about)}">${escapeHtml(column.title)}</th>${drawn(column) ? '<th></th>' : ''}`,
  );
  const rows = routers.map((router) => {
    const cells = columns.map((column, i) => {
      if (i === 0) return nameHtml(set, router.name);
      const mark = column.mark?.(router) ?? '';
      const forest = drawn(column) ? `<td>${whisker(router, set, low, high)}</td>` : '';
      return `<td class="${mark}">${cellHtml(column, router)}</td>${forest}`;
    });
    return `<tr class="${router.control ? 'aside' : 'router'}">${cells.join('')}</tr>`;
  });
  return scrolling(heads, rows);
}

const headsOf = (titles: readonly string[]): string[] => titles.map((title) => `<th>${escapeHtml(title)}</th>`);

/** Every benchmark on its own, folded. */
export function benchmarkTable(set: SetReport): string {
  if (set.benchmarks.length === 0) return '';
  const routers = set.routers.filter(({ control, name }) => !control || name === 'prototype');
  const titles = ['benchmark', 'queries', set.bestSingle.model, 'best model in hindsight'];
  const rows = set.benchmarks.map((one, i) => {
    const cells = routers.map((router) => {
      const quality = router.benchmarks[i]?.quality ?? null;
      if (quality === null) return '<td>–</td>';
      const difference = quality - one.bestSingle;
      // Two standard errors of a mean of zeros and ones: what is less is not worth a colour.
      const noise = 2 * Math.sqrt(Math.max(1e-9, one.bestSingle * (1 - one.bestSingle)) / one.rows);
      const mark = difference > noise ? 'good' : difference < -noise ? 'bad' : '';
      return `<td class="${mark}">${score(quality, 3)}<small>${signed(difference)}</small></td>`;
    });
    return `<tr><td>${escapeHtml(one.name)}</td><td>${one.rows}</td><td>${score(one.bestSingle, 3)}</td><td>${score(one.best.quality, 3)}<small>${escapeHtml(one.best.model)}</small></td>${cells.join('')}<td>${score(one.oracle, 3)}</td></tr>`;
  });
  const heads = headsOf([...titles, ...routers.map(({ name }) => name), 'oracle']);
  return `<details><summary>By benchmark <span>quality of the best predicted model, and the difference to the best single model</span></summary>${scrolling(heads, rows)}</details>`;
}

/** The queries that each router lost most on, folded; with their texts where those may be shown. */
export function regretTables(set: SetReport, texts: boolean): string {
  const tables = set.routers
    .filter(({ control }) => !control)
    .map(({ name }) => {
      const regrets = set.drawn.regrets.get(name) ?? [];
      if (regrets.length === 0) return '';
      const model = (which: string, expected: number, scored: number): string =>
        `<td>${escapeHtml(which)}<small>expected ${score(expected, 2)}, scored ${score(scored, 2)}</small></td>`;
      const rows = regrets.map(
        (one) =>
          `<tr><td>${escapeHtml(one.id)}<small>${escapeHtml(one.label)}</small></td>${texts ? `<td class="text">${escapeHtml(one.text)}</td>` : ''}${model(one.chosen, one.predicted, one.score)}${model(one.bestModel, one.bestPredicted, one.bestScore)}</tr>`,
      );
      const heads = headsOf(['query', ...(texts ? ['text'] : []), 'chosen', 'best']);
      return `<details><summary>Worst queries of ${escapeHtml(name)} <span>where its choice lost most against the query’s best model, surest first</span></summary>${scrolling(heads, rows, 'loose')}</details>`;
    })
    .join('');
  if (tables === '') return '';
  const note = texts
    ? 'The worst queries below are shown with their texts, as they stand in the data, up to 240 characters each. <code>--no-texts</code> leaves them out of a report for others.'
    : 'The worst queries below are shown without their texts (<code>--no-texts</code>).';
  return `<p class="note below">${note}</p>${tables}`;
}
