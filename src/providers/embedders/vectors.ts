import { unitVector } from '../../query/embedder.ts';
import { UpstreamFailure } from '../provider.ts';

/** The one length that an embedder's vectors have. */
export interface Dimension {
  readonly value: number | undefined;
  /**
   * What an embedder answered, as unit vectors.
   * @throws UpstreamFailure `sick` unless there is one vector of finite numbers and of this length per text.
   */
  check(rows: readonly ArrayLike<unknown>[], texts: number): Float32Array[];
}

/** Watches over the length: the configured one, else the first that is seen. */
export function createDimension(configured: number | undefined): Dimension {
  let value = configured;
  return {
    get value() {
      return value;
    },
    check(rows, texts) {
      if (rows.length !== texts) {
        throw new UpstreamFailure('sick', `the embedder answered with ${rows.length} vectors to ${texts} texts`);
      }
      const expected = value ?? rows[0]?.length;
      const vectors = rows.map((row) => {
        if (row.length !== expected) {
          throw new UpstreamFailure(
            'sick',
            `the embedder answered with ${row.length} dimensions instead of ${expected}`,
          );
        }
        const vector = unitVector(row);
        if (vector === undefined) {
          throw new UpstreamFailure(
            'sick',
            'the embedder answered with a vector that is zero or not of finite numbers',
          );
        }
        return vector;
      });
      value = expected;
      return vectors;
    },
  };
}
