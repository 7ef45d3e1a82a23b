import type { VectorSpace } from '../../query/embedder.ts';
import type { DatasetRow } from './row.ts';
import { queryOf } from './training-set.ts';

/** Vectors of texts, in order, and their space; undefined for a text that was refused. */
export interface TextVectors {
  readonly space: VectorSpace;
  readonly vectors: readonly (Float32Array | undefined)[];
}

/** Vectors of rows. Rows that ask the same share one. */
export interface RowVectors {
  readonly space: VectorSpace;
  /** One per row. */
  readonly embeddings: readonly (Float32Array | undefined)[];
}

/** The different texts of rows that a gateway would send to its embedder, and the place of each row's text among them. */
export function instructionsOf(rows: readonly Pick<DatasetRow, 'query' | 'tools'>[]): {
  readonly texts: readonly string[];
  readonly places: Int32Array;
} {
  const found = new Map<string, number>();
  const places = Int32Array.from(rows, (row) => {
    const { instruction } = queryOf(row);
    const place = found.get(instruction) ?? found.size;
    found.set(instruction, place);
    return place;
  });
  return { texts: [...found.keys()], places };
}

/** Gives each row the vector of its text. */
export function spreadVectors({ space, vectors }: TextVectors, places: Int32Array): RowVectors {
  return { space, embeddings: Array.from(places, (place) => vectors[place]) };
}
