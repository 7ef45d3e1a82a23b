import { namedModel } from '../../catalog/model.ts';
import type { Forecast } from '../../decide/sweep.ts';
import type { Calibration } from '../../routers/calibration.ts';
import type { CostModel } from '../../routers/cost.ts';
import type { Features, Router } from '../../routers/router.ts';

/** Columns `wanted` of a table with columns `names`; NaN where there is none of that name. */
export function pickColumns(table: Float64Array, names: readonly string[], wanted: readonly string[]): Float64Array {
  const columns = wanted.map((name) => names.indexOf(name));
  const n = names.length === 0 ? 0 : table.length / names.length;
  const out = new Float64Array(n * wanted.length);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (const c of columns) out[at++] = c === -1 ? Number.NaN : (table[i * names.length + c] ?? Number.NaN);
  }
  return out;
}

/** Expected costs of the judged models for each query: n × m. */
export function costTable(
  cost: CostModel | null,
  features: readonly Features[],
  models: readonly string[],
): Float64Array | null {
  if (cost === null) return null;
  const columns = models.map((name) => cost.models.indexOf(name));
  const out = new Float64Array(features.length * models.length);
  let at = 0;
  for (const row of features) {
    const costs = cost.costs(row);
    for (const c of columns) out[at++] = costs[c] ?? Number.NaN;
  }
  return out;
}

/** A router's predictions for each query: n × m qualities and standard errors. */
export function predictAll(
  router: Router,
  features: readonly Features[],
  models: readonly string[],
): Pick<Forecast, 'quality' | 'stderr'> {
  const candidates = models.map(namedModel);
  const quality = new Float64Array(features.length * models.length);
  const stderr = new Float64Array(quality.length);
  let at = 0;
  for (const row of features) {
    for (const prediction of router.predict(row, candidates)) {
      quality[at] = prediction.quality;
      stderr[at++] = prediction.stderr;
    }
  }
  return { quality, stderr };
}

/** Predictions read through a calibration. */
export function calibratedTable(
  { quality, stderr }: Pick<Forecast, 'quality' | 'stderr'>,
  calibration: Calibration,
): Pick<Forecast, 'quality' | 'stderr'> {
  const out = { quality: new Float64Array(quality.length), stderr: new Float64Array(quality.length) };
  for (let at = 0; at < quality.length; at++) {
    const applied = calibration.apply({ quality: quality[at] ?? 0, stderr: stderr[at] ?? 0 });
    out.quality[at] = applied.quality;
    out.stderr[at] = applied.stderr;
  }
  return out;
}
