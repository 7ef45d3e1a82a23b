import { kmeans, type Clusters } from '../numeric/kmeans.ts';
import { MAP_SIZE } from '../space.ts';
import { readState } from '../state-reader.ts';
import { checkpoint } from '../training-set.ts';
import { columnVariance, type FittedPart, type Part, type PartContext } from './part.ts';

/** Several sizes are averaged: none is right for every topic. */
const SIZES = [8, 16, 32, 64] as const;
/** Rows of the mean that every cluster is given. */
const PSEUDO = 10;
/** Rows that centres are learnt from; all rows count for the scores. */
const MAX_ROWS = 8000;

interface Grouping {
  readonly k: number;
  readonly centres: Float32Array;
  /** k × m: mean deviation of each cluster, shrunk to 0. */
  readonly values: Float32Array;
  /** k × m. */
  readonly stderr: Float32Array;
  /** Rows in each cluster. */
  readonly sizes: Int32Array;
}

function nearest({ k, centres }: Pick<Grouping, 'k' | 'centres'>, map: Float32Array): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < k; c++) {
    let sum = 0;
    // Most centres are too far after a part of the way.
    for (let from = 0; from < MAP_SIZE && sum < least; from += 17) {
      const to = Math.min(from + 17, MAP_SIZE);
      for (let a = from; a < to; a++) {
        const gap = (map[a] ?? 0) - (centres[c * MAP_SIZE + a] ?? 0);
        sum += gap * gap;
      }
    }
    if (sum < least) {
      least = sum;
      best = c;
    }
  }
  return best;
}

function grouping(clusters: Clusters, map: Float32Array, context: PartContext, variance: Float64Array): Grouping {
  const { deviations, recorded, set } = context;
  const m = set.models.length;
  const { k, centres } = clusters;
  const sums = new Float64Array(k * m);
  const counts = new Float64Array(k * m);
  const sizes = new Int32Array(k);
  for (let i = 0; i < set.ids.length; i++) {
    const c = nearest(clusters, map.subarray(i * MAP_SIZE, (i + 1) * MAP_SIZE));
    sizes[c] = (sizes[c] ?? 0) + 1;
    for (let j = 0; j < m; j++) {
      const at = c * m + j;
      sums[at] = (sums[at] ?? 0) + (deviations[i * m + j] ?? 0);
      counts[at] = (counts[at] ?? 0) + (recorded?.[i * m + j] ?? 1);
    }
  }
  return {
    k,
    centres,
    values: Float32Array.from(sums, (sum, at) => sum / ((counts[at] ?? 0) + PSEUDO)),
    stderr: Float32Array.from(counts, (count, at) => Math.sqrt((variance[at % m] ?? 0) / (count + PSEUDO))),
    sizes,
  };
}

/** The n-grams' buckets cannot be turned back into words; a cluster is told by its size and what it does. */
function fitted(groupings: readonly Grouping[], m: number): FittedPart {
  return {
    name: 'kmeans',
    work: groupings.reduce((sum, { k }) => sum + k * MAP_SIZE, 0),
    predict({ map }) {
      const values = new Float64Array(m);
      const stderr = new Float64Array(m);
      for (const each of groupings) {
        const c = map === undefined ? 0 : nearest(each, map);
        for (let j = 0; j < m; j++) {
          values[j] = (values[j] ?? 0) + (each.values[c * m + j] ?? 0) / groupings.length;
          stderr[j] = (stderr[j] ?? 0) + (each.stderr[c * m + j] ?? 0) / groupings.length;
        }
      }
      return { values, stderr };
    },
    explain({ map }, columns, models) {
      const each = groupings.at(-1);
      if (each === undefined || map === undefined) return [];
      const c = nearest(each, map);
      const told = columns.slice(0, 4).map((column) => {
        const value = each.values[c * m + column] ?? 0;
        return `${models[column] ?? ''} ${value < 0 ? '−' : '+'}${Math.abs(value * 100).toFixed(1)}`;
      });
      return [
        `in cluster ${c + 1} of ${each.k} (${each.sizes[c] ?? 0} past queries); against the mean: ${told.join(', ')}`,
      ];
    },
    save: () => ({
      meta: { ks: groupings.map(({ k }) => k) },
      tensors: Object.fromEntries(
        groupings.flatMap((each, i) => [
          [`centres${i}`, each.centres],
          [`values${i}`, each.values],
          [`stderr${i}`, each.stderr],
          [`sizes${i}`, each.sizes],
        ]),
      ),
    }),
  };
}

/**
 * Mean deviations of k-means clusters over topic directions and structure numbers, averaged over several k. After
 * Avengers (Zhang et al., 2025), with shrunk means in place of ranks.
 */
export const clusters: Part = {
  name: 'kmeans',
  wants: ['map'],
  fit(context) {
    const { points, set, options, deviations, recorded } = context;
    const { map } = points;
    if (map === undefined) return undefined;
    const n = set.ids.length;
    const m = set.models.length;
    const variance = columnVariance(deviations, recorded, m);
    const rows = Math.min(n, MAX_ROWS);
    // Every (n / rows)-th row, so that a sample covers the whole set.
    const sample = new Float32Array(rows * MAP_SIZE);
    for (let i = 0; i < rows; i++) {
      const from = Math.floor((i * n) / rows) * MAP_SIZE;
      sample.set(map.subarray(from, from + MAP_SIZE), i * MAP_SIZE);
    }
    return fitted(
      SIZES.map((k, i) => {
        checkpoint(options, i / SIZES.length);
        return grouping(kmeans(sample, rows, MAP_SIZE, k, { seed: options.seed }), map, context, variance);
      }),
      m,
    );
  },
  load(state) {
    const reader = readState(state, 'kmeans');
    const ks = reader.numbers('ks');
    const m = reader.float32('values0').length / Math.max(1, ks[0] ?? 1);
    return fitted(
      ks.map((k, i) => ({
        k,
        centres: reader.float32(`centres${i}`, k * MAP_SIZE),
        values: reader.float32(`values${i}`, k * m),
        stderr: reader.float32(`stderr${i}`, k * m),
        sizes: reader.int32(`sizes${i}`, k),
      })),
      m,
    );
  },
};
