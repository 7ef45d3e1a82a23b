import type { CurvePoint, SetReport } from './report.ts';
import { dollars, dollarTick, score } from './report-text.ts';
import { axes, escapeHtml, linearScale, linearTicks, logScale, logTicks, pathOf, tag } from './svg.ts';

const WIDTH = 960;
const HEIGHT = 520;
const FRAME = { left: 56, right: WIDTH - 24, top: 36, bottom: HEIGHT - 48 };

/** Which colour a router has in every drawing of a set: a class `c0`…`c7`; controls are grey. */
export function colourOf(set: SetReport, name: string): string {
  const routers = set.routers.filter(({ control }) => !control);
  const at = routers.findIndex((router) => router.name === name);
  return at === -1 ? (name === 'prototype' ? 'reference' : 'control') : `c${at % 8}`;
}

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

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const CHAR = 6.1;
const LINE = 13;

/** Finds a free place for a label beside a dot; undefined where everything around it is taken. */
function place(
  text: string,
  x: number,
  y: number,
  taken: Box[],
): { readonly x: number; readonly y: number } | undefined {
  const width = text.length * CHAR;
  const spots: readonly (readonly [dx: number, dy: number])[] = [
    [8, 4],
    [-8 - width, 4],
    [-width / 2, -9],
    [-width / 2, 18],
    [8, -8],
    [8, 16],
    [-8 - width, -8],
    [-8 - width, 16],
  ];
  for (const [dx, dy] of spots) {
    const box = { x: x + dx, y: y + dy - LINE + 3, width, height: LINE };
    if (box.x < FRAME.left || box.x + width > WIDTH - 4 || box.y < FRAME.top - 6 || box.y + LINE > FRAME.bottom)
      continue;
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    return { x: box.x, y: y + dy };
  }
  return undefined;
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
}

/** Dots and names of the single models; those on the hull are named first. */
function singleDots(set: SetReport, { x, y, floor }: Plane, taken: Box[]): string {
  const { singles, zeroHull } = set.drawn;
  const onHull = (quality: number): boolean => zeroHull.some((point) => Math.abs(point.quality - quality) < 1e-12);
  const shown = singles
    .flatMap(({ model, quality, cost }) =>
      cost === null || cost <= 0 || quality < floor ? [] : [{ model, quality, cost }],
    )
    .sort((a, b) => Number(onHull(b.quality)) - Number(onHull(a.quality)) || b.quality - a.quality);
  for (const { quality, cost } of shown) taken.push({ x: x(cost) - 4, y: y(quality) - 4, width: 8, height: 8 });
  return shown
    .map(({ model, quality, cost }) => {
      const name = model.split('/').at(-1) ?? model;
      const at = place(name, x(cost), y(quality), taken);
      const about = `<title>${escapeHtml(`${model}: quality ${score(quality)} at ${dollars(cost)} per query`)}</title>`;
      const dot = tag(
        'circle',
        { class: onHull(quality) ? 'single hull' : 'single', cx: x(cost), cy: y(quality), r: 4 },
        about,
      );
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

function legend(set: SetReport): string {
  const entries = [
    ...set.routers
      .filter(({ control, name }) => !control || name === 'prototype')
      .map(({ name }) => [colourOf(set, name), name] as const),
    ['control', 'constant, length'] as const,
    ['zero', 'mixing single models'] as const,
  ];
  return `<ul class="legend">${entries.map(([colour, name]) => `<li><i class="${colour}"></i>${escapeHtml(name)}</li>`).join('')}<li><b>◆</b>balanced, as a user gets it</li><li><b>★</b>oracle</li></ul>`;
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

/** The cost–quality plane of a set: every router's sweep, single models, their hull, the oracle. Empty without costs. */
export function planeSvg(set: SetReport): string {
  const { oracle, drawn } = set;
  if (oracle.cost === null || set.bestSingle.cost === null) return '';
  const [from, to] = range(set);
  const floor = floorOf(set);
  const top = Math.min(1, oracle.quality + 0.06 * (oracle.quality - floor));
  const x = logScale(from, to, FRAME.left, FRAME.right);
  const y = linearScale(floor, top, FRAME.bottom, FRAME.top);
  const plane: Plane = { x, y, floor };
  const taken: Box[] = [];
  const hull = bent(positive(drawn.zeroHull));
  const flat = [
    ...hull.map(({ cost, quality }) => [x(cost), y(quality)] as const),
    [FRAME.right, y(set.bestSingle.quality)] as const,
  ];
  const star = tag(
    'text',
    { class: 'star', x: x(oracle.cost), y: y(oracle.quality) + 6, 'text-anchor': 'middle' },
    `★<title>${escapeHtml(`oracle: quality ${score(oracle.quality)} at ${dollars(oracle.cost)} per query`)}</title>`,
  );
  taken.push({ x: x(oracle.cost) - 8, y: y(oracle.quality) - 8, width: 16, height: 16 });
  const lines = sweeps(set, plane, taken);
  const below = drawn.singles.filter(({ quality }) => quality < floor).length;
  const body = [
    axes({
      ...FRAME,
      x,
      y,
      xTicks: logTicks(from, to).map((tick) => [tick, dollarTick(tick * 1000)]),
      yTicks: linearTicks(floor, top, 7).map((tick) => [tick, score(tick, 2)]),
      xTitle: 'mean cost, USD per 1 000 queries (log)',
      yTitle: 'mean quality',
    }),
    tag('path', { class: 'hullline', d: pathOf(flat) }, '<title>mixing single models at random</title>'),
    lines,
    singleDots(set, plane, taken),
    star,
  ];
  const note =
    below === 0
      ? ''
      : `<p class="note">${below} single ${below === 1 ? 'model lies' : 'models lie'} below ${score(floor, 2)} and ${below === 1 ? 'is' : 'are'} not drawn.</p>`;
  return `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Cost and quality of every router on ${escapeHtml(set.name)}">${body.join('')}</svg><figcaption>${legend(set)}${note}</figcaption></figure>`;
}
