import { expect, it } from 'vitest';
import type { Model } from '../catalog/model.ts';
import { createBaseline } from './baseline.ts';

const provenance = { source: 'config', date: '2026-01-01' } as const;
const upstream = { id: 'p/big', provider: 'p', name: 'big', price: { input: 10, output: 20, provenance } };
const big: Model = {
  id: 'big',
  aliases: [],
  capabilities: new Set(),
  capabilitiesKnown: false,
  upstreams: [upstream],
};
const catalog = { byId: new Map([['big', big]]) };
const decidedFor = (model: string) => ({ decision: { baseline: { model, costUsd: null } } }) as never;

it('the baseline reads a request once, however many legs its answer had', () => {
  const whole = createBaseline(decidedFor('big'), { catalog });
  // 100 at 10 and 30 at 20 USD per million.
  expect(whole.cost({ input: 100, output: 30 })).toBe(1_600_000n);
  const legs = createBaseline(decidedFor('big'), { catalog });
  legs.leg({ input: 100, output: 10 });
  legs.leg({ input: 110, output: 10 });
  expect(legs.cost({ input: 330, output: 30 })).toBe(1_600_000n);
  expect(createBaseline(decidedFor('gone'), { catalog }).cost({ input: 1, output: 1 })).toBeNull();
});
