import { readdir } from 'node:fs/promises';

/** One file of the journal: `<source>-<number>.log`. Names of one source sort by age. */
export interface Segment {
  readonly source: string;
  readonly name: string;
}

const NAME = /^(.+)-(\d{8})\.log$/;

/** The file name of a source's `number`-th segment. */
export function segmentName(source: string, number: number): string {
  return `${source}-${String(number).padStart(8, '0')}.log`;
}

/** The segment that a file name means, if it does. */
export function parseSegment(name: string): Segment | undefined {
  const source = NAME.exec(name)?.[1];
  return source === undefined ? undefined : { source, name };
}

/** Every segment in a folder, by source, oldest first. */
export async function listSegments(dir: string): Promise<Map<string, Segment[]>> {
  const sources = new Map<string, Segment[]>();
  for (const name of (await readdir(dir)).sort()) {
    const segment = parseSegment(name);
    if (segment === undefined) continue;
    const known = sources.get(segment.source);
    if (known === undefined) sources.set(segment.source, [segment]);
    else known.push(segment);
  }
  return sources;
}
