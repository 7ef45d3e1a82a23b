import { describe, expect, it } from 'vitest';
import type { Calibration } from './calibration.ts';
import type { Calibrated, Strategy } from './decision.ts';
import { declaresFloor, leaner, type Unbound } from './lean.ts';

const choice = { ranking: [], reasonCode: 'strategy', reason: '', confidence: 1, propensity: 1 } as const;
const measured = (costUsd: number): Calibrated => ({
  lambda: 1,
  rows: 100,
  target: 0.9,
  met: true,
  quality: 0.9,
  costUsd,
});
const unbound = (strategy: Strategy, rest: Partial<Unbound> = {}): Unbound => ({
  strategy,
  choice,
  calibrated: undefined,
  calibration: undefined,
  candidates: [],
  ...rest,
});
const balanced: Strategy = { kind: 'keep-quality', keep: 0.98, name: 'balanced' };
const lean = (share: number) => ({ budget: 'role r', used: 0.9, share });

describe('leaning', () => {
  it('spends a share of what the strategy was measured to spend', () => {
    expect(leaner(unbound(balanced, { calibrated: measured(0.004) }), lean(0.25))).toEqual({
      kind: 'budget',
      usdPer1k: 1,
    });
  });

  it('spends a share of what quality alone would cost where the strategy has no exchange rate', () => {
    const asked: Strategy[] = [];
    const calibration: Calibration = {
      of(strategy) {
        asked.push(strategy);
        return measured(0.01);
      },
    };
    expect(leaner(unbound({ kind: 'quality-first' }, { calibration }), lean(0.5))).toEqual({
      kind: 'budget',
      usdPer1k: 5,
    });
    expect(asked).toMatchObject([{ kind: 'budget' }]);
  });

  it('takes the cheapest when nothing may be spent', () => {
    expect(leaner(unbound(balanced, { calibrated: measured(0.004) }), lean(0))).toEqual({ kind: 'cheapest' });
  });

  it('leaves alone what does not weigh cost, what is a promise, and what may spend all it wants', () => {
    const floor: Strategy = { kind: 'keep-quality', keep: 0.9, name: 'keepQuality=0.9' };
    expect(declaresFloor(floor)).toBe(true);
    expect(declaresFloor(balanced)).toBe(false);
    for (const strategy of [floor, { kind: 'static' }, { kind: 'random' }, { kind: 'largest' }] as const) {
      expect(leaner(unbound(strategy, { calibrated: measured(1) }), lean(0.1))).toBeUndefined();
    }
    expect(leaner(unbound(balanced, { calibrated: measured(1) }), lean(1))).toBeUndefined();
  });
});
