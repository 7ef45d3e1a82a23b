/** Text that cannot become markup. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Prose for a page: no line ends between a number and its sign. */
export function proseHtml(text: string): string {
  return escapeHtml(text).replaceAll(' %', '\u00A0%').replaceAll(' − ', '\u00A0−\u00A0');
}

/** Where a value stands on an axis, in pixels. */
export type Scale = (value: number) => number;

export function linearScale(from: number, to: number, start: number, end: number): Scale {
  const width = to - from || 1;
  return (value) => start + ((value - from) / width) * (end - start);
}

export function logScale(from: number, to: number, start: number, end: number): Scale {
  const scale = linearScale(Math.log(from), Math.log(to), start, end);
  return (value) => scale(Math.log(Math.max(value, Number.MIN_VALUE)));
}

/** About `count` round numbers between two ends. */
export function linearTicks(from: number, to: number, count: number): number[] {
  const raw = (to - from) / Math.max(1, count);
  if (!(raw > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i++) ticks.push(i * step);
  return ticks;
}

/** Powers of ten between two ends, with 2 and 5 between them where there are few. */
export function logTicks(from: number, to: number): number[] {
  const decades = Math.log10(to / from);
  const factors = decades > 4 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const factor of factors) {
      const tick = factor * 10 ** power;
      if (tick >= from * 0.999 && tick <= to * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** A line through points, as the `d` of a path. */
export function pathOf(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
}

/** A tag with attributes; numbers are rounded to a tenth. */
export function tag(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeHtml(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A drawing; `kind` says for which width of the page. */
export function svg(
  { kind, width, height }: { readonly kind: 'wide' | 'narrow'; readonly width: number; readonly height: number },
  label: string,
  body: readonly string[],
): string {
  return `<svg class="${kind}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${body.join('')}</svg>`;
}

export interface Axes {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTicks: readonly (readonly [value: number, label: string])[];
  readonly yTicks: readonly (readonly [value: number, label: string])[];
  readonly xTitle: string;
  readonly yTitle: string;
}

/** Grid lines, tick labels and titles. */
export function axes({ left, right, top, bottom, x, y, xTicks, yTicks, xTitle, yTitle }: Axes): string {
  const parts: string[] = [];
  for (const [value, label] of yTicks) {
    parts.push(tag('line', { class: 'grid', x1: left, x2: right, y1: y(value), y2: y(value) }));
    parts.push(tag('text', { class: 'tick', x: left - 8, y: y(value) + 4, 'text-anchor': 'end' }, escapeHtml(label)));
  }
  for (const [value, label] of xTicks) {
    parts.push(tag('line', { class: 'grid', x1: x(value), x2: x(value), y1: top, y2: bottom }));
    parts.push(tag('text', { class: 'tick', x: x(value), y: bottom + 18, 'text-anchor': 'middle' }, escapeHtml(label)));
  }
  parts.push(tag('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }));
  parts.push(tag('text', { class: 'title', x: right, y: bottom + 36, 'text-anchor': 'end' }, escapeHtml(xTitle)));
  parts.push(tag('text', { class: 'title', x: left, y: top - 10 }, escapeHtml(yTitle)));
  return parts.join('');
}
