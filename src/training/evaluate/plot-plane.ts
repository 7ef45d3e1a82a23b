import { placeLabel, type Box, type Format } from './plot-labels.ts';
import { colourOf, legend, lines } from './plot-legend.ts';
import type { CurvePoint, SetReport } from './report.ts';
import { dollars, dollarTick, score } from './report-text.ts';
import { axes, escapeHtml, linearScale, linearTicks, logScale, logTicks, pathOf, svg, tag } from './svg.ts';

const FORMATS: readonly Format[] = [
  { kind: 'wide', width: 960, height: 520, left: 56, right: 936, top: 36, bottom: 472 },
  { kind: 'narrow', width: 340, height: 400, left: 36, right: 330, top: 36, bottom: 352 },
];

/** Points of a logarithmic axis, in the order of λ. */
function positive(points: readonly CurvePoint[]): CurvePoint[] {
  return points.filter(({ cost }) => cost > 0);
}

/** Straight lines of a linear plane bend on a logarithmic axis: a few points on each piece. */
function bent(hull: readonly CurvePoint[]): CurvePoint[] {
  const pieces = 24;
  return hull.flatMap((point, i) => {
    const next = hull[i + 1];
    if (next === undefined) return [point];
    return Array.from({ length: pieces }, (_, k) => {
      const cost = point.cost * (next.cost / point.cost) ** (k / pieces);
      const part = (cost - point.cost) / (next.cost - point.cost);
      return { cost, quality: point.quality + part * (next.quality - point.quality) };
    });
  });
}

/** Lowest quality that is drawn: a hopeless model must not flatten what matters. */
function floorOf(set: SetReport): number {
  const hull = set.drawn.zeroHull[0]?.quality ?? 0;
  const span = set.oracle.quality - hull;
  return Math.max(0, Math.min(hull, set.bestSingle.quality) - 0.12 * span);
}

interface Plane {
  readonly x: (cost: number) => number;
  readonly y: (quality: number) => number;
  readonly floor: number;
  readonly format: Format;
}

/** Dots and names of the single models; those on the hull are named first. */
function singleDots(set: SetReport, { x, y, floor, format }: Plane, taken: Box[]): string {
  const { singles, zeroHull } = set.drawn;
  const same = (a: number, b: number): boolean => Math.abs(a - b) < 1e-12;
  const onHull = (one: CurvePoint): boolean =>
    zeroHull.some(({ quality, cost }) => same(quality, one.quality) && same(cost, one.cost));
  const shown = singles
    .flatMap(({ model, quality, cost }) =>
      cost === null || cost <= 0 || quality < floor ? [] : [{ model, quality, cost }],
    )
    .sort((a, b) => Number(onHull(b)) - Number(onHull(a)) || b.quality - a.quality);
  for (const { quality, cost } of shown) taken.push({ x: x(cost) - 4, y: y(quality) - 4, width: 8, height: 8 });
  return shown
    .map(({ model, quality, cost }) => {
      const onLine = onHull({ quality, cost });
      const name = model.split('/').at(-1) ?? model;
      // On a phone only models that are worth their price have room for a name.
      const named = format.kind === 'wide' || onLine;
      const at = named ? placeLabel(name, x(cost), y(quality), taken, format) : undefined;
      const about = `<title>${escapeHtml(`${model}: quality ${score(quality)} at ${dollars(cost)} per query`)}</title>`;
      const dot = tag('circle', { class: onLine ? 'single hull' : 'single', cx: x(cost), cy: y(quality), r: 4 }, about);
      return dot + (at === undefined ? '' : tag('text', { class: 'label', x: at.x, y: at.y }, escapeHtml(name)));
    })
    .join('');
}

/** The sweeps, controls first so that routers lie above them; the best point of each is named. */
function sweeps(set: SetReport, { x, y, floor }: Plane, taken: Box[]): string {
  const drawn = set.routers.filter(
    ({ name, control }) => !control || name === 'prototype' || name === 'constant' || name === 'length',
  );
  const order = [...drawn].sort((a, b) => Number(b.control) - Number(a.control));
  const paths = order.map(({ name }) => {
    const points = positive(set.drawn.curves.get(name) ?? []).filter(({ quality }) => quality >= floor);
    const path = tag(
      'path',
      {
        class: `sweep ${colourOf(set, name)}`,
        d: pathOf(points.map(({ cost, quality }) => [x(cost), y(quality)] as const)),
      },
      `<title>${escapeHtml(name)}</title>`,
    );
    const balanced = set.routers.find((router) => router.name === name)?.strategies.balanced ?? null;
    if (
      balanced === null ||
      balanced.cost === null ||
      balanced.quality < floor ||
      name === 'constant' ||
      name === 'length'
    )
      return path;
    const [cx, cy] = [x(balanced.cost), y(balanced.quality)];
    taken.push({ x: cx - 6, y: cy - 6, width: 12, height: 12 });
    const about = `<title>${escapeHtml(`${name}, balanced: quality ${score(balanced.quality)} at ${dollars(balanced.cost)} per query`)}</title>`;
    return path + tag('path', { class: `mark ${colourOf(set, name)}`, d: `M${cx - 6} ${cy}l6 -6l6 6l-6 6z` }, about);
  });
  return paths.join('');
}

/** The lines that are drawn. */
function entries(set: SetReport): (readonly [colour: string, name: string])[] {
  const grey = set.routers.map(({ name }) => name).filter((name) => name === 'constant' || name === 'length');
  return [
    ...lines(set),
    ...(grey.length === 0 ? [] : [['control', grey.join(', ')] as const]),
    ['zero', 'mixing single models'],
  ];
}

function range(set: SetReport): readonly [number, number] {
  const costs = [
    ...set.drawn.singles.map(({ cost }) => cost ?? 0),
    ...[...set.drawn.curves]
      .filter(([name]) => name !== 'random')
      .flatMap(([, points]) => points.map(({ cost }) => cost)),
  ].filter((cost) => cost > 0);
  return [Math.min(...costs) / 1.15, Math.max(...costs) * 1.25];
}

/** Ticks whose labels have room beside each other. */
function roomy(ticks: readonly number[], x: (cost: number) => number): number[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    if (x(tick) < free) return false;
    free = x(tick) + 46;
    return true;
  });
}

function planeOf(set: SetReport, format: Format): string {
  const { oracle, drawn, bestSingle } = set;
  const [from, to] = range(set);
  const floor = floorOf(set);
  const top = Math.min(1, oracle.quality + 0.06 * (oracle.quality - floor));
  const x = logScale(from, to, format.left, format.right);
  const y = linearScale(floor, top, format.bottom, format.top);
  const plane: Plane = { x, y, floor, format };
  const taken: Box[] = [];
  const flat = [
    ...bent(positive(drawn.zeroHull)).map(({ cost, quality }) => [x(cost), y(quality)] as const),
    [format.right, y(bestSingle.quality)] as const,
  ];
  const [starX, starY] = [x(oracle.cost ?? from), y(oracle.quality)];
  const star = tag(
    'text',
    { class: 'star', x: starX, y: starY + 6, 'text-anchor': 'middle' },
    `★<title>${escapeHtml(`oracle: quality ${score(oracle.quality)} at ${dollars(oracle.cost)} per query`)}</title>`,
  );
  taken.push({ x: starX - 8, y: starY - 8, width: 16, height: 16 });
  const swept = sweeps(set, plane, taken);
  const body = [
    axes({
      ...format,
      x,
      y,
      xTicks: roomy(logTicks(from, to), x).map((tick) => [tick, dollarTick(tick * 1000)]),
      yTicks: linearTicks(floor, top, 7).map((tick) => [tick, score(tick, 2)]),
      xTitle: 'mean cost, USD per 1 000 queries (log)',
      yTitle: 'mean quality',
    }),
    tag('path', { class: 'hullline', d: pathOf(flat) }, '<title>mixing single models at random</title>'),
    swept,
    singleDots(set, plane, taken),
    star,
  ];
  return svg(format, `Cost and quality of every router on ${set.name}`, body);
}

/** The cost–quality plane of a set: every router's sweep, single models, their hull, the oracle. Empty without costs. */
export function planeSvg(set: SetReport): string {
  if (set.oracle.cost === null || set.bestSingle.cost === null) return '';
  const floor = floorOf(set);
  const below = set.drawn.singles.filter(({ quality }) => quality < floor).length;
  const note =
    below === 0
      ? ''
      : `<p class="note">${below} single ${below === 1 ? 'model lies' : 'models lie'} below ${score(floor, 2)} and ${below === 1 ? 'is' : 'are'} not drawn.</p>`;
  const marks = [
    ['◆', 'balanced, as a user gets it'],
    ['★', 'oracle'],
  ] as const;
  const drawings = FORMATS.map((format) => planeOf(set, format)).join('');
  return `<figure>${drawings}<figcaption>${legend(entries(set), marks)}${note}</figcaption></figure>`;
}
