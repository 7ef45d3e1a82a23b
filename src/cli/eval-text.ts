import type { Column } from '../training/evaluate/report-columns.ts';
import { groupsOf, type ColumnGroup } from '../training/evaluate/report-groups.ts';
import { introduction } from '../training/evaluate/report-text.ts';
import { headline, verdictTexts } from '../training/evaluate/report-verdict.ts';
import type { RouterReport, SetReport } from '../training/evaluate/report.ts';
import { table } from './print.ts';

const GAP = 2;

/** The columns in blocks that fit a width, each with the first column; a single block without a width. */
function blocksOf(
  columns: readonly Column[],
  routers: readonly RouterReport[],
  width: number,
): readonly (readonly Column[])[] {
  const [name, ...others] = columns;
  if (name === undefined) return [];
  const room = ({ title, cell }: Column): number => Math.max(title.length, ...routers.map((one) => cell(one).length));
  const blocks: Column[][] = [];
  let left = 0;
  for (const column of others) {
    const needed = GAP + room(column);
    const block = blocks.at(-1);
    if (block === undefined || needed > left) {
      blocks.push([name, column]);
      left = width - room(name) - needed;
    } else {
      block.push(column);
      left -= needed;
    }
  }
  // No column stands alone where its neighbour can stand beside it.
  const [before, last] = blocks.slice(-2);
  if (before !== undefined && last?.length === 2 && before.length > 3) last.splice(1, 0, ...before.splice(-1));
  return blocks;
}

function groupText({ title, about, columns, routers }: ColumnGroup, width: number): string[] {
  const tables = blocksOf(columns, routers, width).map((block) =>
    table(
      block.map((column, i) => ({ title: column.title, align: i === 0 ? 'left' : 'right' })),
      routers.map((router) => block.map(({ cell }) => cell(router))),
    ),
  );
  return [wrapped(`${title}: ${about}`, '', width), ...tables.flatMap((text) => [text, ''])];
}

/** A text broken between words where it is wider; later lines are indented by two more. */
function wrapped(text: string, indent: string, width: number): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/ (?!%)/)) {
    const longer = line.trim() === '' ? line + word : `${line} ${word}`;
    if (longer.length > width && line.trim() !== '') {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** The report of a set for a terminal of some columns; without them, as off a terminal, nothing is broken. */
export function setText(set: SetReport, width = Number.POSITIVE_INFINITY): string {
  const lead = headline(set);
  return [
    set.name,
    ...introduction(set).map((line) => wrapped(line, '  ', width)),
    '',
    ...[lead, ...verdictTexts(set)].filter((text) => text !== '').map((text) => wrapped(text, '  ', width)),
    '',
    ...groupsOf(set).flatMap((group) => groupText(group, width)),
  ].join('\n');
}
