import { colourOf } from './plot-plane.ts';
import type { RouterReport, SetReport } from './report.ts';
import { score, signed, withRange } from './report-text.ts';
import { axes, escapeHtml, linearScale, linearTicks, pathOf, tag, logScale } from './svg.ts';

const SIDE = 220;

/** Predicted against scored, one small square per router; a dot's area is its share of the predictions. */
export function calibrationSvgs(set: SetReport): string {
  const shown = set.routers.filter(
    ({ control, name, calibration }) => calibration !== null && (!control || name === 'prototype'),
  );
  return shown
    .map((router) => {
      const { calibration, uncalibrated } = router;
      if (calibration === null) return '';
      const frame = { left: 34, right: SIDE - 8, top: 24, bottom: SIDE - 34 };
      const x = linearScale(0, 1, frame.left, frame.right);
      const y = linearScale(0, 1, frame.bottom, frame.top);
      const ticks = [
        [0, '0'],
        [0.5, '.5'],
        [1, '1'],
      ] as const;
      const total = calibration.bins.reduce((sum, { count }) => sum + count, 0);
      const colour = colourOf(set, router.name);
      const dots = calibration.bins.map(({ predicted, scored, count }) =>
        tag(
          'circle',
          {
            class: `dot ${colour}`,
            cx: x(Math.min(1, Math.max(0, predicted))),
            cy: y(scored),
            r: 2.5 + 11 * Math.sqrt(count / total),
          },
          `<title>${escapeHtml(`${count} predictions near ${score(predicted, 2)} scored ${score(scored, 2)}`)}</title>`,
        ),
      );
      const body = [
        axes({ ...frame, x, y, xTicks: ticks, yTicks: ticks, xTitle: 'predicted', yTitle: 'scored' }),
        tag('line', { class: 'ideal', x1: x(0), x2: x(1), y1: y(0), y2: y(1) }),
        ...dots,
      ];
      return `<figure class="small"><svg viewBox="0 0 ${SIDE} ${SIDE + 6}" role="img" aria-label="Calibration of ${escapeHtml(router.name)}">${body.join('')}</svg><figcaption><b>${escapeHtml(router.name)}</b> ECE ${score(calibration.ece, 3)}${uncalibrated === null ? '' : ` (${score(uncalibrated.ece, 3)} before calibration)`}, Brier ${score(calibration.brier, 3)}</figcaption></figure>`;
    })
    .join('');
}

/** auc over the rows that were learnt from. */
export function learningSvg(set: SetReport): string {
  const curves = set.routers.filter(({ learningCurve }) => learningCurve.length > 1);
  const points = curves.flatMap(({ learningCurve }) =>
    learningCurve.flatMap(({ rows, auc }) => (auc === null ? [] : [{ rows, auc }])),
  );
  if (points.length === 0) return '';
  const [width, height] = [960, 320];
  const frame = { left: 56, right: width - 130, top: 30, bottom: height - 48 };
  const rows = points.map((point) => point.rows);
  const heights = [...points.map(({ auc }) => auc), set.zeroAuc ?? points[0]?.auc ?? 0];
  const pad = (Math.max(...heights) - Math.min(...heights)) * 0.08 || 0.01;
  const x = logScale(Math.min(...rows), Math.max(...rows), frame.left + 10, frame.right);
  const [low, high] = [Math.min(...heights) - pad, Math.max(...heights) + pad];
  const y = linearScale(low, high, frame.bottom, frame.top);
  const ticks = (curves[0]?.learningCurve ?? []).map((point) => [point.rows, String(Math.round(point.rows))] as const);
  const ends = curves
    .map(({ name, learningCurve }) => ({ name, at: y(learningCurve.at(-1)?.auc ?? low) }))
    .sort((a, b) => a.at - b.at);
  let free = Number.NEGATIVE_INFINITY;
  const labels = ends.map(({ name, at }) => {
    free = Math.max(at, free + 14);
    return tag('text', { class: `end ${colourOf(set, name)}`, x: frame.right + 10, y: free + 4 }, escapeHtml(name));
  });
  const lines = curves.map(({ name, learningCurve }) => {
    const at = learningCurve.flatMap((point) => (point.auc === null ? [] : [[x(point.rows), y(point.auc)] as const]));
    const dots = at.map(([cx, cy]) => tag('circle', { class: `dot ${colourOf(set, name)}`, cx, cy, r: 3 }));
    return tag('path', { class: `sweep ${colourOf(set, name)}`, d: pathOf(at) }) + dots.join('');
  });
  const zero =
    set.zeroAuc === null
      ? ''
      : tag(
          'line',
          { class: 'hullline', x1: frame.left, x2: frame.right, y1: y(set.zeroAuc), y2: y(set.zeroAuc) },
          '<title>mixing single models</title>',
        );
  const body = [
    axes({
      ...frame,
      x,
      y,
      xTicks: ticks,
      yTicks: linearTicks(low, high, 5).map((tick) => [tick, score(tick, 3)]),
      xTitle: 'training rows (log)',
      yTitle: 'auc; dashed: mixing single models',
    }),
    zero,
    ...lines,
    ...labels,
  ];
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Learning curves on ${escapeHtml(set.name)}">${body.join('')}</svg></figure>`;
}

/** A row of the forest plot: the difference to zero and its interval on one scale for all rows. */
export function whisker(router: RouterReport, set: SetReport, low: number, high: number): string {
  const { aucMinusZero, aucMinusZeroCi } = router;
  if (aucMinusZero === null || aucMinusZeroCi === null) return '';
  const [width, height] = [180, 18];
  const x = linearScale(low, high, 6, width - 6);
  const colour = colourOf(set, router.name);
  const [from, to] = aucMinusZeroCi;
  const clip = (value: number): number => Math.min(high, Math.max(low, value));
  const outside = aucMinusZero < low ? `M9 4l-6 5l6 5z` : aucMinusZero > high ? `M${width - 9} 4l6 5l-6 5z` : undefined;
  return `<svg class="whisker" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(withRange(aucMinusZero, aucMinusZeroCi, signed))}">${[
    tag('line', { class: 'axis', x1: x(0), x2: x(0), y1: 0, y2: height }),
    outside === undefined
      ? tag('line', { class: `bar ${colour}`, x1: x(clip(from)), x2: x(clip(to)), y1: 9, y2: 9 })
      : '',
    outside === undefined
      ? tag('circle', { class: `dot ${colour}`, cx: x(aucMinusZero), cy: 9, r: 4 })
      : tag('path', { class: `dot ${colour}`, d: outside }),
  ].join('')}</svg>`;
}
