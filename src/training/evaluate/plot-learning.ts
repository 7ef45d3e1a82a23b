import { colourOf, legend, lines } from './plot-legend.ts';
import type { RouterReport, SetReport } from './report.ts';
import { score } from './report-text.ts';
import { axes, escapeHtml, linearScale, linearTicks, logScale, pathOf, svg, tag } from './svg.ts';

/** Sizes for desks and for phones; on phones the legend alone names the lines. */
const FORMATS = [
  { kind: 'wide', width: 960, height: 320, left: 56, right: 830, top: 30, bottom: 272, named: true },
  { kind: 'narrow', width: 340, height: 280, left: 44, right: 322, top: 30, bottom: 232, named: false },
] as const;

/** The names at the ends of the lines, none over another. */
function endLabels(set: SetReport, curves: readonly RouterReport[], y: (auc: number) => number, at: number): string[] {
  const ends = curves
    .flatMap(({ name, learningCurve }) => {
      const auc = learningCurve.at(-1)?.auc ?? null;
      return auc === null ? [] : [{ name, height: y(auc) }];
    })
    .sort((a, b) => a.height - b.height);
  let free = Number.NEGATIVE_INFINITY;
  return ends.map(({ name, height }) => {
    free = Math.max(height, free + 14);
    return tag('text', { class: `end ${colourOf(set, name)}`, x: at, y: free + 4 }, escapeHtml(name));
  });
}

function curveOf(
  set: SetReport,
  { name, learningCurve }: RouterReport,
  x: (rows: number) => number,
  y: (auc: number) => number,
): string {
  const colour = colourOf(set, name);
  const at = learningCurve.flatMap(({ rows, auc }) => (auc === null ? [] : [[x(rows), y(auc)] as const]));
  const dots = at.map(([cx, cy]) => tag('circle', { class: `dot ${colour}`, cx, cy, r: 3 }));
  return tag('path', { class: `sweep ${colour}`, d: pathOf(at) }) + dots.join('');
}

/** auc over the rows that were learnt from. Empty without learning curves. */
export function learningSvg(set: SetReport): string {
  const { zeroAuc } = set;
  const curves = set.routers.filter(({ learningCurve }) => learningCurve.length > 1);
  const points = curves.flatMap(({ learningCurve }) =>
    learningCurve.flatMap(({ rows, auc }) => (auc === null ? [] : [{ rows, auc }])),
  );
  if (points.length === 0) return '';
  const rows = points.map((point) => point.rows);
  const heights = [...points.map(({ auc }) => auc), ...(zeroAuc === null ? [] : [zeroAuc])];
  const pad = (Math.max(...heights) - Math.min(...heights)) * 0.08 || 0.01;
  const [low, high] = [Math.min(...heights) - pad, Math.max(...heights) + pad];
  const xTicks = (curves[0]?.learningCurve ?? []).map((point) => [point.rows, String(Math.round(point.rows))] as const);
  const yTicks = linearTicks(low, high, 5).map((tick) => [tick, score(tick, 3)] as const);
  const drawings = FORMATS.map((format) => {
    const { left, right, top, bottom } = format;
    const x = logScale(Math.min(...rows), Math.max(...rows), left + 10, right);
    const y = linearScale(low, high, bottom, top);
    const titles = { xTitle: 'training rows (log)', yTitle: 'auc' };
    return svg(format, `Learning curves on ${set.name}`, [
      axes({ left, right, top, bottom, x, y, xTicks, yTicks, ...titles }),
      ...(zeroAuc === null
        ? []
        : [tag('line', { class: 'hullline', x1: left, x2: right, y1: y(zeroAuc), y2: y(zeroAuc) })]),
      ...curves.map((curve) => curveOf(set, curve, x, y)),
      ...(format.named ? endLabels(set, curves, y, right + 10) : []),
    ]);
  });
  const shown = lines(set).filter(([, name]) => curves.some((curve) => curve.name === name));
  const mixing = zeroAuc === null ? [] : [['zero', 'mixing single models'] as const];
  return `<figure>${drawings.join('')}<figcaption>${legend([...shown, ...mixing])}</figcaption></figure>`;
}
