import { describe, expect, it } from 'vitest';
import { twoTopics } from '../../routers/fixtures.ts';
import { knn } from '../../routers/knn.ts';
import { crossValidate } from './evaluate.ts';
import { headline, verdictText } from './report-verdict.ts';
import type { RouterReport, StrategyReport } from './report.ts';
import { findingOf, promiseOf, verdictOf } from './verdict.ts';

const topics = twoTopics(60);
const options = { seed: 1, folds: 3, resamples: 50, routers: [knn], now: () => 0 };
const costs = topics.scores.map((_, i) => (topics.models[i % topics.models.length] === 'both' ? 0.01 : 0.001));
const priced = crossValidate('priced', { ...topics, costs }, options).report;
const unpriced = crossValidate('unpriced', topics, options).report;

function routerOf({ routers }: typeof priced, name = 'knn'): RouterReport {
  const found = routers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} is missing`);
  return found;
}

/** A strategy that keeps 97.4 % give or take as much at 61 % of the cost. */
function kept(low: number, high: number): StrategyReport {
  const ci = { quality: null, cost: null, qualityShare: [low, high] as const, costShare: null };
  return { quality: 0.8, cost: 0.001, qualityShare: (low + high) / 2, costShare: 0.61, ci };
}

const against = (difference: number, low: number, high: number) => ({ difference, ci: [low, high] as const });

describe('findings', () => {
  it('are better or worse only where the whole interval is, and nothing where there is none', () => {
    const cases = [
      [0.001, 0.02],
      [-0.02, -0.001],
      [-0.01, 0.02],
      [0, 0.02],
      [-0.02, 0],
      [0, 0],
    ] as const;
    expect(cases.map(findingOf)).toEqual(['better', 'worse', 'undecided', 'undecided', 'undecided', 'undecided']);
    expect(findingOf(null)).toBe('undecided');
  });

  it('tell of a promise whether it was kept, missed or cannot be told', () => {
    const router = routerOf(priced);
    const finding = (low: number, high: number) =>
      promiseOf({ ...router, strategies: { ...router.strategies, balanced: kept(low, high) } }, 'balanced')?.finding;
    expect([finding(0.98, 1.01), finding(0.95, 0.979), finding(0.97, 0.99)]).toEqual(['kept', 'missed', 'undecided']);
    expect(promiseOf(routerOf(priced, 'best-single'), 'balanced')?.finding).toBe('kept');
    expect(promiseOf(routerOf(unpriced), 'balanced')).toBeUndefined();
  });
});

describe('the verdict', () => {
  const router: RouterReport = {
    ...routerOf(priced),
    name: 'learned',
    aucMinusControls: {
      zero: against(0.01, 0.005, 0.015),
      prototype: against(0.0056, 0.0009, 0.0096),
      constant: against(0.021, 0.015, 0.03),
      length: against(0.018, 0.01, 0.025),
      shuffled: against(0.015, 0.01, 0.02),
    },
    strategies: { ...routerOf(priced).strategies, balanced: kept(0.985, 1.001), 'cost-first': kept(0.885, 0.895) },
  };

  it('is one sentence: the prototype, the other controls with the nearest, the promises', () => {
    expect(verdictText(router)).toBe(
      'learned, by auc: better than the prototype (+.0056 [+.0009, +.0096]); ' +
        'better than constant, length and shuffled (the nearest, shuffled: +.0150 [+.0100, +.0200]); ' +
        'balanced kept its promise of 98 % (99.3 % [98.5 %, 100.1 %] at 61 % of the cost); ' +
        'cost-first missed its promise of 90 % (89.0 % [88.5 %, 89.5 %] at 61 % of the cost).',
    );
  });

  it('tells the three outcomes apart', () => {
    const mixed = {
      ...router,
      aucMinusControls: {
        prototype: against(-0.002, -0.006, 0.002),
        constant: against(0.01, 0.002, 0.018),
        length: against(-0.02, -0.03, -0.01),
        shuffled: against(0.004, -0.001, 0.01),
      },
      strategies: { ...router.strategies, balanced: kept(0.97, 0.99), 'cost-first': null },
    };
    expect(verdictText(mixed)).toBe(
      'learned, by auc: cannot be told from the prototype (−.0020 [−.0060, +.0020]); ' +
        'better than constant (+.0100 [+.0020, +.0180]); cannot be told from shuffled (+.0040 [−.0010, +.0100]); ' +
        'worse than length (−.0200 [−.0300, −.0100]); ' +
        'whether balanced kept its promise of 98 % cannot be told (98.0 % [97.0 %, 99.0 %] at 61 % of the cost).',
    );
  });

  it('holds a router without costs against always calling the best model too, by quality', () => {
    const own = routerOf(unpriced);
    expect(verdictOf(own)).toMatchObject({ measure: 'quality', promises: [] });
    expect(verdictOf(own).against.map(({ control }) => control)).toEqual([
      'prototype',
      'best-single',
      'constant',
      'length',
      'shuffled',
    ]);
    const single = own.strategies['quality-first']?.quality ?? 0;
    const best = routerOf(unpriced, 'best-single').strategies['quality-first']?.quality ?? 0;
    expect(own.qualityMinusControls['best-single']?.difference).toBeCloseTo(single - best, 12);
    expect(Object.keys(own.qualityMinusControls)).not.toContain('oracle');
    expect(routerOf(priced).qualityMinusControls).toEqual({});
    expect(routerOf(unpriced, 'constant').qualityMinusControls).toEqual({});
  });

  it('is empty where nothing was compared or promised', () => {
    expect(verdictText({ ...routerOf(unpriced), qualityMinusControls: {} })).toBe('');
  });
});

describe('the headline', () => {
  const with_ = (change: Partial<RouterReport>, others: readonly RouterReport[] = []) =>
    headline({ ...priced, routers: [{ ...routerOf(priced), ...change }, ...others] });

  it('names what shares are of, and never claims a gap that the interval does not hold', () => {
    const strategies = { ...routerOf(priced).strategies, balanced: kept(0.985, 1.001) };
    const better = with_({ strategies, aucMinusZero: 0.02, aucMinusZeroCi: [0.01, 0.03], gapClosed: 0.25 });
    expect(better).toContain('99.3 % [98.5 %, 100.1 %] of the quality of the best single model of the training rows');
    expect(better).toContain('at 61 % of its cost');
    expect(better).toContain('closes 25.0 % of the gap');
    const unsure = with_({ strategies, aucMinusZero: 0.02, aucMinusZeroCi: [-0.01, 0.03] });
    expect(unsure).toContain('cannot be told from mixing single models at random (auc − zero +.0200 [−.0100, +.0300])');
    expect(with_({ strategies, aucMinusZeroCi: [-0.03, -0.01] })).toContain('is worse than mixing');
  });

  it('warns of the best of several', () => {
    expect(with_({})).not.toContain('the best of');
    expect(with_({}, [{ ...routerOf(priced), name: 'other' }])).toContain('the best of 2');
  });
});
