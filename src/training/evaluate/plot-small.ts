import { colourOf } from './plot-legend.ts';
import type { RouterReport, SetReport } from './report.ts';
import { score, signed, withRange } from './report-text.ts';
import { axes, escapeHtml, linearScale, tag } from './svg.ts';

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
