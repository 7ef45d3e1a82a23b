import type { DataSource } from '../training/dataset/source.ts';
import { CONTROL_NAMES } from '../training/evaluate/evaluate.ts';
import type { Origin } from '../training/evaluate/origin.ts';
import { VERSION } from '../version.ts';

/** What was asked for. */
interface Asked {
  readonly routers: readonly { readonly name: string }[];
  readonly controls: readonly string[];
  readonly models: readonly string[];
  readonly benchmarks: readonly string[];
  readonly seed: number;
  readonly folds: number;
  readonly resamples: number;
}

/** Where an evaluation made `at` comes from: the options that make its numbers again, and the files. */
export function originOf(
  { routers, controls, models, benchmarks, seed, folds, resamples }: Asked,
  files: { readonly train: readonly DataSource[]; readonly data: readonly DataSource[] },
  at: number,
): Origin {
  const options = {
    router: routers.map(({ name }) => name).join(',') || 'none',
    controls: controls.length === CONTROL_NAMES.length ? 'all' : controls.join(',') || 'none',
    ...(models.length === 0 ? {} : { models: models.join(',') }),
    ...(benchmarks.length === 0 ? {} : { benchmarks: benchmarks.join(',') }),
    seed: String(seed),
    ...(files.train.length === 0 ? { folds: String(folds) } : {}),
    resamples: String(resamples),
  };
  return { version: VERSION, at, options, ...files };
}
