import type { VectorSpace } from '../query/embedder.ts';
import type { DatasetRow } from '../training/dataset/row.ts';
import { instructionsOf, spreadVectors, type RowVectors } from '../training/dataset/row-vectors.ts';
import type { OpenEmbedder } from './embedder.ts';
import { shareBar } from './eta-bar.ts';

/** Gives the vectors of one set's rows after another's. */
export interface RowVectorSource {
  /** Under a bar of that name. */
  of(rows: readonly DatasetRow[], name: string): Promise<RowVectors>;
  /** Whose vectors they are, once there are some. */
  readonly space: VectorSpace | undefined;
}

/** Asks an embedder for what rows ask; a text that has its vector is not sent again. */
export function createRowVectors({ embed }: Pick<OpenEmbedder, 'embed'>): RowVectorSource {
  const known = new Map<string, Float32Array | undefined>();
  let space: VectorSpace | undefined;
  const of: RowVectorSource['of'] = async (rows, name) => {
    const { texts, places } = instructionsOf(rows);
    const wanted = texts.filter((text) => !known.has(text) && text.trim() !== '');
    if (space === undefined || wanted.length > 0) {
      const bar = shareBar(`${name}: vectors`);
      try {
        const answer = await embed(wanted, { signal: new AbortController().signal, progress: bar.tell });
        ({ space } = answer);
        for (const [i, text] of wanted.entries()) known.set(text, answer.vectors[i]);
      } finally {
        bar.end();
      }
    }
    return spreadVectors({ space, vectors: texts.map((text) => known.get(text)) }, places);
  };
  return {
    of,
    get space() {
      return space;
    },
  };
}
