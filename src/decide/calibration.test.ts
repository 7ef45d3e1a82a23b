import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model, Price } from '../catalog/model.ts';
import type { OutOfFoldSample } from '../routers/artifact.ts';
import { createCalibration } from './calibration.ts';
import { choose } from './choose.ts';
import type { Calibrated, Decision, Estimate, Strategy } from './decision.ts';
import { replay } from './replay.ts';

const provenance = { source: 'config', date: '2026-01-01' } as const;

function model(id: string, price: Omit<Price, 'provenance'> | null, more: Partial<Model> = {}): Model {
  const upstreams = [{ id: `p/${id}`, provider: 'p', name: id, price: price && { ...price, provenance } }];
  return { id, aliases: [], capabilities: new Set(), capabilitiesKnown: false, upstreams, ...more };
}

/** A model that costs this many USD a request. */
const flat = (id: string, request: number, more?: Partial<Model>) => model(id, { input: 0, output: 0, request }, more);

const small = flat('small', 1);
const large = flat('large', 3);
const huge = flat('huge', 9);
const ALL = [small, large, huge];

/** Two queries, 15 times each. On the first, every model is right; on the second, all but small. */
function sample(rows = 30): OutOfFoldSample {
  const table = (...two: number[]) => Float32Array.from({ length: rows * 3 }, (_, i) => two[i % 6] ?? 0);
  return {
    rows,
    quality: table(0.5, 0.7, 0.76, 0.1, 0.7, 0.82),
    score: table(1, 1, 1, 0, 1, 1),
    expectedCost: new Float32Array(rows * 3).fill(Number.NaN),
    cost: new Float32Array(rows * 3).fill(Number.NaN),
    inputTokens: new Float32Array(rows).fill(100),
    outputTokens: table(10, 20, Number.NaN, 10, 20, Number.NaN),
  };
}

const names = ['small', 'large', 'huge'];
const calibrate = (models: readonly Model[]) => createCalibration({ models: names, sample: sample() }, models);
const balanced: Strategy = { kind: 'keep-quality', keep: 0.98, name: 'balanced' };

describe('createCalibration', () => {
  it('finds the λ of the candidates at hand', () => {
    const { of } = calibrate(ALL);
    // large → small at .2/2 = .1, still right, and at .6/2 = .3, wrong: just below .3.
    const all = of(balanced, ALL);
    expect(all).toMatchObject({ met: true, quality: 1, target: 0.98, rows: 30, reference: 'huge' });
    expect(all?.costUsd).toBeCloseTo(2, 6);
    expect(all?.lambda).toBeCloseTo(0.3, 4);
    // Without large: huge → small at .26/8 and .72/8.
    expect(of(balanced, [small, huge])?.lambda).toBeCloseTo(0.09, 4);
    expect(of({ ...balanced, keep: 0.5 }, ALL)).toMatchObject({ lambda: null, met: true });
  });

  it('knows models by their name in the artifact, in any case, at today’s price', () => {
    const mine = [flat('mine', 1, { as: 'SMALL' }), flat('yours', 30, { as: 'large' })];
    // .6 of quality for 29 dollars.
    expect(calibrate(mine).of(balanced, mine)?.lambda).toBeCloseTo(0.6 / 29, 6);
  });

  it('expects the input of each past query and the learnt length of each model’s answer', () => {
    const priced = [
      model('small', { input: 1e4, output: 0 }), // 100 tokens: $1
      model('large', { input: 0, output: 15e4 }), // 20 tokens: $3
      model('huge', { input: 0, output: 3e4 }), // 300 tokens, as nothing was learnt: $9
    ];
    const one = calibrate(priced).of(balanced, priced);
    const flatOne = calibrate(ALL).of(balanced, ALL);
    expect(one?.lambda).toBeCloseTo(flatOne?.lambda ?? 0, 6);
    expect(one?.costUsd).toBeCloseTo(2, 6);
    const brief = calibrate([...priced.slice(0, 2), { ...huge, maxOutput: 1 }]);
    expect(brief.of(balanced, priced)).toEqual(one);
  });

  it('measures against a named model, candidate or not, by id or alias', () => {
    const { of } = calibrate([flat('small', 1, { aliases: ['mini'] }), large, huge]);
    expect(of({ ...balanced, of: 'MINI' }, ALL)).toMatchObject({ target: 0.49, lambda: null, reference: 'small' });
    const out = of({ ...balanced, of: 'huge', keep: 0.9 }, [small]);
    expect(out).toMatchObject({ met: false, reference: 'huge', fallback: 'small' });
  });

  it('says which model to call when no λ keeps the quality', () => {
    const misled = { ...sample(), quality: sample().quality.map((_, i) => [0.9, 0.1, 0.1][i % 3] ?? 0) };
    const { of } = createCalibration({ models: names, sample: misled }, ALL);
    expect(of(balanced, ALL)).toMatchObject({ met: false, fallback: 'huge', quality: 0.5 });
  });

  it('finds the λ that spends a mean', () => {
    const found = calibrate(ALL).of({ kind: 'budget', usdPer1k: 6000 }, ALL);
    expect(found).toMatchObject({ met: true, target: 6 });
    expect(found?.costUsd).toBeCloseTo(6, 6);
    expect(calibrate(ALL).of({ kind: 'budget', usdPer1k: 1 }, ALL)).toMatchObject({ met: false, lambda: null });
  });

  it('names the candidates that were not measured: unknown to the sample, or without a price', () => {
    const fresh = flat('fresh', 1);
    const unpriced = model('huge', null);
    const models = [small, large, unpriced, fresh];
    const found = calibrate(models).of(balanced, models);
    expect(found).toMatchObject({ reference: 'large', unmeasured: ['huge', 'fresh'] });
  });

  it('has nothing to say of other strategies, of strangers, or from few queries', () => {
    expect(calibrate(ALL).of({ kind: 'quality-first' }, ALL)).toBeUndefined();
    expect(calibrate([flat('a', 1)]).of(balanced, [flat('a', 1)])).toBeUndefined();
    expect(calibrate(ALL).of({ ...balanced, of: 'nobody' }, ALL)).toBeUndefined();
    const few = createCalibration({ models: names, sample: sample(29) }, ALL);
    expect(few.of(balanced, ALL)).toBeUndefined();
  });
});

function estimate(id: string, quality: number, costUsd: number | null): Estimate {
  return { model: model(id, null), quality, stderr: 0.05, costUsd, outputTokens: 300 };
}

const context = { default: '', draw: 0, turn: 0 };
const measured: Calibrated = {
  lambda: 0.1,
  rows: 1873,
  target: 0.8,
  met: true,
  quality: 0.81,
  costUsd: 2,
  reference: 'huge',
};
const three = [estimate('small', 0.5, 1), estimate('large', 0.76, 3), estimate('huge', 0.8, 9)];
const trade = (estimates: readonly Estimate[], calibrated: Calibrated, strategy = balanced) =>
  choose(estimates, strategy, { ...context, calibrated });

describe('a calibrated strategy', () => {
  it('is argmax q̂ − λ·ĉ, and says what it was measured on and what would change it', () => {
    // small .4, large .46, huge −.1
    const choice = trade(three, measured);
    expect(choice.ranking.map((e) => e.model.id)).toEqual(['large', 'small', 'huge']);
    expect(choice.reasonCode).toBe('strategy');
    expect(choice.reason).toBe(
      "best trade at 98 % of huge's quality, measured on 1 873 past queries; next: small at 0.33× the price",
    );
    expect(choice.flip).toBe('small would be chosen if its predicted quality were above 56 % (now 50 %)');
    // P(.76 ≥ .98 · .8): −.024 / hypot(.05, .049)
    expect(choice.confidence).toBeCloseTo(0.366, 3);
  });

  it('takes the cheapest at λ = ∞', () => {
    const choice = trade(three, { ...measured, lambda: null });
    expect(choice.ranking.map((e) => e.model.id)).toEqual(['small', 'large', 'huge']);
    expect(choice.reason).toMatch(/^the cheapest keeps 98 % of huge's quality/);
    expect(choice.flip).toBe('large would be chosen if it cost less than $1.00');
  });

  it('calls the reference itself when no λ keeps the quality', () => {
    const choice = trade(three, { ...measured, lambda: 0, met: false, fallback: 'huge' });
    expect(choice.ranking.map((e) => e.model.id)).toEqual(['huge', 'large', 'small']);
    expect(choice.reason).toMatch(/^no trade keeps 98 % of huge's quality.*: huge itself/);
    expect(choice.confidence).toBe(1);
  });

  it('chooses what was not measured only where it meets the target by itself; an unknown cost comes last', () => {
    const fresh = estimate('fresh', 0.79, 0);
    const calibrated = { ...measured, unmeasured: ['fresh', 'unpriced'] };
    expect(trade([...three, fresh], calibrated).ranking.at(-1)).toBe(fresh);
    const better = estimate('fresh', 0.8, 0);
    expect(trade([...three, better], calibrated).ranking[0]).toBe(better);
    const unpriced = estimate('unpriced', 1, null);
    expect(trade([...three, unpriced], calibrated).ranking.at(-1)).toBe(unpriced);
  });

  it('breaks ties by cost, then id', () => {
    const tied = [estimate('b', 0.5, 1), estimate('c', 0.6, 2), estimate('a', 0.5, 1)];
    expect(trade(tied, measured).ranking.map((e) => e.model.id)).toEqual(['a', 'b', 'c']);
  });

  it('spends a mean, not a limit on each query', () => {
    const budget: Strategy = { kind: 'budget', usdPer1k: 2000 };
    const { reference: _, ...rest } = measured;
    const choice = choose(three, budget, { ...context, calibrated: { ...rest, target: 2 } });
    expect(choice.ranking[0]?.model.id).toBe('large');
    expect(choice.reason).toMatch(/^best trade for a mean of \$2\.00 a query, measured on 1 873 past queries/);
    const poor = choose(three, budget, { ...context, calibrated: { ...rest, lambda: null, met: false } });
    expect(poor).toMatchObject({ confidence: 0, reason: expect.stringContaining('the cheapest') });
  });

  it('is made again from its record alone, whatever it was', () => {
    const value = fc.nat(1000).map((n) => n / 1000);
    const rates = fc.record({
      lambda: fc.option(fc.nat(1000).map((n) => n / 64)),
      rows: fc.nat(),
      target: value,
      met: fc.boolean(),
      quality: value,
      costUsd: value,
      reference: fc.constantFrom('a', 'b', 'gone'),
      unmeasured: fc.subarray(['a', 'b', 'c', 'd']),
    });
    const estimates = fc
      .tuple(value, value, value, value, fc.option(value))
      .map(([a, b, c, d, cost]) => [
        estimate('a', a, b),
        estimate('b', b, c),
        estimate('c', c, cost),
        estimate('d', d, a),
      ]);
    const strategies = fc.constantFrom<Strategy>(balanced, { kind: 'budget', usdPer1k: 500 });
    fc.assert(
      fc.property(estimates, rates, strategies, (candidates, calibrated, strategy) => {
        const choice = choose(candidates, strategy, { ...context, calibrated });
        expect(choose(candidates.toReversed(), strategy, { ...context, calibrated })).toEqual(choice);
        expect(choice.reason + (choice.flip ?? '')).not.toMatch(/NaN|undefined|Infinity/);
        const decision: Decision = {
          ...choice,
          id: 'd',
          dropped: [],
          chosen: choice.ranking[0]?.model.id ?? '',
          strategy,
          calibration: calibrated,
          versions: { config: '', catalog: '', prices: '', router: '' },
          query: { inputTokens: 1, turns: 1, signals: {}, needs: [] },
          at: 0,
        };
        const ranking = choice.ranking.map(({ model: { id }, ...rest }) => ({ ...rest, model: id }));
        const recorded = JSON.parse(JSON.stringify({ ...decision, ranking })) as Parameters<typeof replay>[0];
        expect(replay(recorded)).toMatchObject({ same: true, chosen: decision.chosen, reason: choice.reason });
      }),
    );
  });
});
