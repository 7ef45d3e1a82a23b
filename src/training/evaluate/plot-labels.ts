/** A drawing's size in pixels: one for desks and one for phones, since letters must not shrink with the page. */
export interface Format {
  readonly kind: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A rectangle that is taken. */
export interface Box {
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
export function placeLabel(
  text: string,
  x: number,
  y: number,
  taken: Box[],
  format: Format,
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
    if (box.x < format.left || box.x + width > format.width - 4) continue;
    if (box.y < format.top - 6 || box.y + LINE > format.bottom) continue;
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    return { x: box.x, y: y + dy };
  }
  return undefined;
}
