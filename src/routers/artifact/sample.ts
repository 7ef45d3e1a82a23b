import { invalidArtifact } from './invalid.ts';
import type { ShapedTensor } from './safetensors.ts';
import type { Folders } from './tree.ts';

/**
 * Rows that an artifact keeps at most. Fewer make λ a matter of luck: of 3 221 MMLU-Pro queries, 2 000 put the cost of
 * `balanced` 18 % off what all of them give.
 */
export const MAX_SAMPLE = 8000;

/**
 * Training rows with predictions by a router that had not seen them: what strategies compute λ from, for whatever
 * candidates a request has. `rows` × m tables are row-major with the artifact's models as columns.
 */
export interface OutOfFoldSample {
  readonly rows: number;
  /** q̂, rows × m, 0..1. */
  readonly quality: Float32Array;
  /** Recorded scores, rows × m, 0..1; NaN = not recorded. */
  readonly score: Float32Array;
  /** ĉ in USD per query, rows × m; NaN = unknown. */
  readonly expectedCost: Float32Array;
  /** Recorded USD per query, rows × m; NaN = unknown. */
  readonly cost: Float32Array;
  /** Tokens, one per row. */
  readonly inputTokens: Float32Array;
  /** Predicted output tokens, rows × m; NaN = unknown. */
  readonly outputTokens: Float32Array;
}

/** Name, columns and range of each array. */
const FIELDS = [
  { name: 'quality', wide: true, max: 1, gaps: false },
  { name: 'score', wide: true, max: 1, gaps: true },
  { name: 'expectedCost', wide: true, max: Number.MAX_VALUE, gaps: true },
  { name: 'cost', wide: true, max: Number.MAX_VALUE, gaps: true },
  { name: 'inputTokens', wide: false, max: Number.MAX_VALUE, gaps: false },
  { name: 'outputTokens', wide: true, max: Number.MAX_VALUE, gaps: true },
] as const;

/** Throws `artifact_invalid` unless every array has its length and every number its range. */
export function checkSample(sample: OutOfFoldSample, m: number): OutOfFoldSample {
  const { rows } = sample;
  if (!Number.isInteger(rows) || rows < 0 || rows > MAX_SAMPLE) {
    throw invalidArtifact(`the out-of-fold sample has ${rows} rows; at most ${MAX_SAMPLE} are kept`);
  }
  for (const { name, wide, max, gaps } of FIELDS) {
    const data = sample[name];
    const length = wide ? rows * m : rows;
    if (data.length !== length) {
      throw invalidArtifact(`sample/${name} has ${data.length} numbers, ${rows} rows of ${m} models need ${length}`);
    }
    const at = data.findIndex((value) => !(value >= 0 && value <= max) && !(gaps && Number.isNaN(value)));
    if (at !== -1) throw invalidArtifact(`sample/${name} holds ${data[at]} at ${at}`);
  }
  return sample;
}

/** The sample's arrays by name and shape. */
export function sampleTensors(sample: OutOfFoldSample, m: number): [string, ShapedTensor][] {
  return FIELDS.map(({ name, wide }) => [
    `sample/${name}`,
    { shape: wide ? [sample.rows, m] : [sample.rows], data: sample[name] },
  ]);
}

/** The sample out of an artifact's arrays, which it takes; undefined when there is none. */
export function takeSample(folders: Folders): OutOfFoldSample | undefined {
  const held = folders.get('sample');
  if (held === undefined) return undefined;
  folders.delete('sample');
  const arrays = new Map(held);
  const take = (name: (typeof FIELDS)[number]['name']): Float32Array => {
    const data = arrays.get(name);
    if (!(data instanceof Float32Array)) throw invalidArtifact(`sample/${name} is missing or not of 32-bit floats`);
    return data;
  };
  const inputTokens = take('inputTokens');
  return {
    rows: inputTokens.length,
    quality: take('quality'),
    score: take('score'),
    expectedCost: take('expectedCost'),
    cost: take('cost'),
    inputTokens,
    outputTokens: take('outputTokens'),
  };
}
