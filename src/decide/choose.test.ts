import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Estimate, Strategy } from './decision.ts';
import { choose } from './choose.ts';
import { costOf } from './ranking.ts';

function estimate(id: string, quality: number, costUsd: number | null, stderr = 0.02, firstTokenMs?: number): Estimate {
  return {
    model: { id, aliases: [], capabilities: new Set(), capabilitiesKnown: false, upstreams: [] },
    quality,
    stderr,
    costUsd,
    outputTokens: 300,
    ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
  };
}

const context = { default: 'smart', draw: 0, turn: 0 };
const mini = estimate('mini', 0.7, 0.0001);
const fast = estimate('fast', 0.89, 0.0005);
const smart = estimate('smart', 0.9, 0.002);
const all = [smart, mini, fast];
const chosen = (estimates: readonly Estimate[], strategy: Strategy, more = {}) =>
  choose(estimates, strategy, { ...context, ...more }).ranking.map((e) => e.model.id);
const keep = (share: number, of?: string): Strategy => ({
  kind: 'keep-quality',
  keep: share,
  name: `keepQuality=${share}`,
  ...(of === undefined ? {} : { of }),
});

describe('quality-first', () => {
  it('takes the cheapest within one standard error of the difference to the top', () => {
    // √(.02² + .02²) = .0283: fast (.01 below) is in the band, mini (.2 below) is not.
    const choice = choose(all, { kind: 'quality-first' }, context);
    expect(choice.ranking.map((e) => e.model.id)).toEqual(['fast', 'smart', 'mini']);
    expect(choice.reason).toBe(
      'cheapest of 2 models within one standard error of the best predicted quality 90 %; next: smart at 4× the price',
    );
    expect(choice.flip).toBe('mini would be chosen if its predicted quality were at least 87.2 % (now 70 %)');
  });

  it('says how sure it is: Φ(−.01 / .0283) against the rival', () => {
    expect(choose(all, { kind: 'quality-first' }, context).confidence).toBeCloseTo(0.3618, 3);
  });
});

describe('quality-first with unlike errors', () => {
  it('does not pass over a cheaper, surer model of the same quality', () => {
    const unsure = estimate('unsure', 0.9, null, 0.2);
    const sure = estimate('sure', 0.9, 0, 0);
    const choice = choose([unsure, estimate('top', 1, null, 0), sure], { kind: 'quality-first' }, context);
    expect(choice.ranking[0]).toBe(sure);
  });
});

describe('keepQuality', () => {
  it('takes the cheapest predicted to keep the share of the best, and says what would flip it', () => {
    const choice = choose(all, keep(0.98), context); // .98 × .9 = .882
    expect(choice.ranking.map((e) => e.model.id)).toEqual(['fast', 'smart', 'mini']);
    expect(choice.reason).toBe(
      "cheapest of 2 models predicted to keep 98 % of smart's quality; next: smart at 4× the price",
    );
    expect(choice.flip).toBe('keepQuality <= 0.778 would choose mini');
    // P(q_fast ≥ .98 q_smart) = Φ((.89 − .882) / √(.02² + (.98·.02)²)) = Φ(.2857)
    expect(choice.confidence).toBeCloseTo(0.6125, 3);
  });

  it('falls to the cheapest when all keep it, and names the share that would not', () => {
    const choice = choose(all, keep(0.5), context);
    expect(choice.ranking[0]).toBe(mini);
    expect(choice.flip).toBe('keepQuality > 0.778 would choose fast');
  });

  it('is certain about the reference itself', () => {
    expect(choose(all, keep(1), context)).toMatchObject({ confidence: 1, ranking: [smart, fast, mini] });
  });

  it('measures against the named model, and says so when it is not a candidate', () => {
    expect(chosen(all, keep(0.98, 'mini'))[0]).toBe('mini');
    expect(choose(all, keep(0.98, 'gone'), context).reason).toContain('(gone is not a candidate)');
  });
});

describe('budgetPer1k', () => {
  it('takes the best quality whose expected cost fits the mean', () => {
    expect(chosen(all, { kind: 'budget', usdPer1k: 0.6 })).toEqual(['fast', 'mini', 'smart']);
    expect(chosen(all, { kind: 'budget', usdPer1k: 2 })).toEqual(['smart', 'fast', 'mini']);
  });

  it('takes the cheapest when nothing fits, with no confidence', () => {
    const choice = choose(all, { kind: 'budget', usdPer1k: 0.05 }, context);
    expect(choice.ranking[0]).toBe(mini);
    expect(choice.confidence).toBe(0);
  });
});

describe('weights', () => {
  it('is w_q·q̂ − w_c·ĉ/ĉ_ref − w_l·l̂/l̂_ref', () => {
    // smart .9 − .3·1 = .6; fast .89 − .3·.25 = .815; mini .7 − .3·.05 = .685
    expect(chosen(all, { kind: 'weights', quality: 1, cost: 0.3, latency: 0 })).toEqual(['fast', 'mini', 'smart']);
    const slow = [estimate('a', 0.9, 0.001, 0.02, 1000), estimate('b', 0.8, 0.001, 0.02, 100)];
    expect(chosen(slow, { kind: 'weights', quality: 1, cost: 0, latency: 0 })[0]).toBe('a');
    expect(chosen(slow, { kind: 'weights', quality: 1, cost: 0, latency: 0.2 })[0]).toBe('b');
  });
});

describe('the plain strategies', () => {
  it('cheapest and largest go by expected cost; unknown is dearest to the one and last to the other', () => {
    const some = [...all, estimate('unpriced', 0.99, null)];
    expect(chosen(some, { kind: 'cheapest' })).toEqual(['mini', 'fast', 'smart', 'unpriced']);
    expect(chosen(some, { kind: 'largest' })).toEqual(['smart', 'fast', 'mini', 'unpriced']);
  });

  it('static takes the default', () => {
    expect(chosen(all, { kind: 'static' })[0]).toBe('smart');
    expect(choose(all, { kind: 'static' }, { ...context, default: 'gone' }).reason).toContain(
      'gone is not a candidate',
    );
  });

  it('random draws each with the propensity it reports', () => {
    const draws = [0, 0.4, 0.99].map((draw) => chosen(all, { kind: 'random' }, { draw })[0]);
    expect(draws).toEqual(['mini', 'fast', 'smart']);
    expect(choose(all, { kind: 'random' }, context).propensity).toBeCloseTo(1 / 3);
  });

  it('round-robin takes turns by id', () => {
    expect([0, 1, 2, 3].map((turn) => chosen(all, { kind: 'round-robin' }, { turn })[0])).toEqual([
      'fast',
      'mini',
      'smart',
      'fast',
    ]);
  });
});

describe('every strategy', () => {
  const strategies: Strategy[] = [
    { kind: 'quality-first' },
    keep(0.98),
    keep(0.9, 'b'),
    { kind: 'budget', usdPer1k: 1 },
    { kind: 'weights', quality: 1, cost: 0.3, latency: 0.1 },
    { kind: 'static' },
    { kind: 'cheapest' },
    { kind: 'largest' },
    { kind: 'random' },
    { kind: 'round-robin' },
  ];
  const anyEstimates = fc
    .uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        quality: fc.constantFrom(0, 0.5, 0.8, 0.9, 1),
        stderr: fc.constantFrom(0, 0.01, 0.2),
        cost: fc.option(fc.constantFrom(0, 0.0001, 0.01)),
      }),
      { selector: (row) => row.id, minLength: 1, maxLength: 6 },
    )
    .map((rows) => rows.map((row) => estimate(row.id, row.quality, row.cost, row.stderr)));

  it('ranks every candidate once, whatever the order they come in, with a finite confidence', () => {
    fc.assert(
      fc.property(anyEstimates, fc.constantFrom(...strategies), (estimates, strategy) => {
        const forwards = choose(estimates, strategy, context);
        const backwards = choose(estimates.toReversed(), strategy, context);
        expect(backwards.ranking.map((e) => e.model.id)).toEqual(forwards.ranking.map((e) => e.model.id));
        expect(new Set(forwards.ranking)).toEqual(new Set(estimates));
        expect(forwards.confidence).toBeGreaterThanOrEqual(0);
        expect(forwards.confidence).toBeLessThanOrEqual(1);
        expect(forwards.reason).not.toMatch(/NaN|undefined|Infinity/);
      }),
    );
  });

  it('never pays more for less: a cheaper model of the same or better quality is not passed over', () => {
    const rational = strategies.filter((s) => ['quality-first', 'keep-quality', 'budget', 'weights'].includes(s.kind));
    fc.assert(
      fc.property(anyEstimates, fc.constantFrom(...rational), (estimates, strategy) => {
        const [first] = choose(estimates, strategy, context).ranking;
        const better = estimates.filter(
          (e) =>
            first !== undefined && e.quality >= first.quality && e.stderr <= first.stderr && costOf(e) < costOf(first),
        );
        // A dearer reference may be kept only when it is named and is the only one to meet its own target.
        expect(better).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
