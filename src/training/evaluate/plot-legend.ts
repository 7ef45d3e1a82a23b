import type { SetReport } from './report.ts';
import { escapeHtml } from './svg.ts';

/** Which colour a router has in every drawing of a set: a class `c0`…`c7`; the prototype has its own, controls are grey. */
export function colourOf(set: SetReport, name: string): string {
  const routers = set.routers.filter(({ control }) => !control);
  const at = routers.findIndex((router) => router.name === name);
  return at === -1 ? (name === 'prototype' ? 'reference' : 'control') : `c${at % 8}`;
}

/** The lines that every drawing tells apart: the routers', and the prototype's. */
export function lines(set: SetReport): (readonly [colour: string, name: string])[] {
  return set.routers
    .filter(({ control, name }) => !control || name === 'prototype')
    .map(({ name }) => [colourOf(set, name), name]);
}

/** What lines and marks mean; a line's class draws its sample. */
export function legend(
  entries: readonly (readonly [colour: string, name: string])[],
  marks: readonly (readonly [mark: string, name: string])[] = [],
): string {
  const items = [
    ...entries.map(([colour, name]) => `<i class="${colour}"></i>${escapeHtml(name)}`),
    ...marks.map(([mark, name]) => `<b>${mark}</b>${escapeHtml(name)}`),
  ];
  return `<ul class="legend">${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}
