import { describe, expect, it } from 'vitest';
import { STRUCTURE_FIELDS, STRUCTURE_SIZE } from '../query/structure.ts';
import { buildQuery } from '../query/build.ts';
import { fitCost, loadCost } from './cost.ts';
import { gaussian, seededRandom } from './numeric/random.ts';
import type { Features } from './router.ts';
import type { TrainingSet } from './training-set.ts';

const LENGTH = STRUCTURE_FIELDS.indexOf('log chars');

const query = buildQuery({
  messages: [{ role: 'user', text: 'Hi', images: 0, audio: 0, files: 0 }],
  toolCount: 0,
  toolChars: 0,
  json: false,
  reasoning: false,
  stream: false,
});

/** Features whose only number that varies is the log of the length. */
function sized(logChars: number): Features {
  const structure = new Float64Array(STRUCTURE_SIZE);
  structure[LENGTH] = logChars;
  return { query, structure };
}

function setOf(
  features: readonly Features[],
  models: readonly string[],
  cost: (row: number, model: string) => number,
): TrainingSet {
  const table = Float64Array.from(features.flatMap((_, i) => models.map((model) => cost(i, model))));
  return {
    models,
    ids: features.map((_, i) => `q${i}`),
    features,
    scores: table.map(() => 0.5),
    labels: features.map(() => ''),
    groups: Int32Array.from(features.keys()),
    costs: table,
    outputTokens: table.map((usd) => usd * 1000),
  };
}

const random = seededRandom(1);
const LOGS = Float64Array.from({ length: 400 }, () => 4 * random());
const NOISE = Float64Array.from(LOGS, () => 0.6 * gaussian(random));
const FEATURES = Array.from(LOGS, sized);
const options = { seed: 1 };

describe('fitCost', () => {
  it('finds a power law and brings the mean back from the log scale', () => {
    // cost = .001 · length^.5 · e^ε with ε ~ N(0, .36): its mean is e^.18 times the median, which smearing must find.
    const set = setOf(FEATURES, ['a'], (i) => 0.001 * Math.exp(0.5 * (LOGS[i] ?? 0) + (NOISE[i] ?? 0)));
    const model = fitCost(set, options);
    const [one = 0] = model.costs(sized(1));
    const [three = 0] = model.costs(sized(3));
    expect(Math.log(three / one)).toBeCloseTo(1, 0.9);
    expect(Math.log(one / 0.001)).toBeCloseTo(0.5 + 0.18, 0.9);
    expect(model.outputTokens(sized(1))[0]).toBeCloseTo(1000 * one, 6);
  });

  it('has a standard error near that of a mean in the middle of the data and a larger one at the edge', () => {
    const set = setOf(FEATURES, ['a'], (i) => 0.001 * Math.exp(NOISE[i] ?? 0));
    const model = fitCost(set, options);
    const relative = (log: number): number => (model.stderr(sized(log))[0] ?? 0) / (model.costs(sized(log))[0] ?? 1);
    expect(relative(2)).toBeCloseTo(0.6 / Math.sqrt(400), 2);
    expect(relative(4)).toBeGreaterThan(1.5 * relative(2));
  });

  it('stays within half the least and twice the greatest cost it has seen', () => {
    const set = setOf(FEATURES, ['a'], (i) => Math.exp(2 * (LOGS[i] ?? 0)));
    const model = fitCost(set, options);
    expect(model.costs(sized(1e9))[0]).toBeLessThanOrEqual(2 * Math.exp(8));
    expect(model.costs(sized(-1e9))[0]).toBeGreaterThanOrEqual(0.5);
  });

  it('takes the mean of few rows, leaves unknown what was never recorded and is not misled by a gap', () => {
    const cost = (i: number, model: string): number => {
      if (model === 'never') return Number.NaN;
      if (model === 'seldom') return i < 4 ? i + 1 : Number.NaN;
      if (model === 'free') return 0;
      const usd = 0.001 * Math.exp(0.5 * (LOGS[i] ?? 0));
      return model === 'gaps' && i % 3 === 0 ? Number.NaN : usd;
    };
    const model = fitCost(setOf(FEATURES, ['never', 'seldom', 'free', 'full', 'gaps'], cost), options);
    const [never, seldom, free, full = 0, gaps] = model.costs(sized(2));
    expect(never).toBeNaN();
    expect(model.stderr(sized(2))[0]).toBeNaN();
    expect(seldom).toBe(2.5);
    expect(free).toBe(0);
    expect(gaps).toBeCloseTo(full, 4);
  });

  it('is the same to the bit after it was saved and loaded', () => {
    const set = setOf(FEATURES, ['a', 'b'], (i, model) => (model === 'a' ? 1 : 2) * Math.exp(NOISE[i] ?? 0));
    const model = fitCost(set, options);
    const again = loadCost(model.save());
    for (const log of [0, 1.7, 9]) {
      expect(again.costs(sized(log))).toEqual(model.costs(sized(log)));
      expect(again.outputTokens(sized(log))).toEqual(model.outputTokens(sized(log)));
      expect(again.stderr(sized(log))).toEqual(model.stderr(sized(log)));
    }
    expect(() => loadCost({ ...model.save(), tensors: {} })).toThrow(/missing/);
  });
});
