import { describe, expect, it } from 'vitest';
import { namedModel, type Model } from '../catalog/model.ts';
import type { CoolDown } from './candidates.ts';
import type { Estimate } from './decision.ts';
import { targetsOf } from './targets.ts';

const model = (id: string, providers: readonly string[]): Model => ({
  ...namedModel(id),
  upstreams: providers.map((provider) => ({ id: `${provider}/${id}`, provider, name: id, price: null })),
});
const a = model('a', ['p', 'q']);
const b = model('b', ['p']);
const c = model('c', ['q']);
const ranking: Estimate[] = [a, b, c].map((one) => ({
  model: one,
  quality: 1,
  stderr: 0,
  costUsd: 0,
  outputTokens: 1,
}));

interface Given {
  readonly fallbacks?: readonly string[];
  readonly pinned?: number;
  readonly routed?: boolean;
  readonly cooling?: Readonly<Record<string, boolean>>;
}

/** Where a request goes; `cooling` = upstreams that are left alone, and whether calling them does no harm. */
function order({ fallbacks, pinned, routed = true, cooling = {} }: Given = {}): string[] {
  const upstream = pinned === undefined ? undefined : a.upstreams[pinned];
  const plan = {
    fallbacks,
    ...(upstream === undefined ? {} : { explicit: { model: a, upstream } }),
  };
  const coolDown = (id: string): CoolDown | undefined => {
    const lastResort = cooling[id];
    return lastResort === undefined ? undefined : { until: 1, why: '', lastResort };
  };
  return targetsOf({ plan, ranking, chosen: a, routed, cooling: ({ id }) => coolDown(id) }).map(
    (target) => target.upstream.id,
  );
}

describe('targets', () => {
  it('are the chosen model’s upstreams, then the ranking', () => {
    expect(order()).toEqual(['p/a', 'q/a', 'p/b', 'q/c']);
  });

  it('are the written fallbacks where there are some, in their order, and none where that is written', () => {
    expect(order({ fallbacks: ['c', 'a', 'unknown'] })).toEqual(['p/a', 'q/a', 'q/c']);
    expect(order({ fallbacks: [] })).toEqual(['p/a', 'q/a']);
  });

  it('are the model’s own upstreams where nothing was routed, and the very one that was named', () => {
    expect(order({ routed: false })).toEqual(['p/a', 'q/a']);
    expect(order({ routed: false, pinned: 1 })).toEqual(['q/a']);
  });

  it('come last while they are left alone and a call does no harm', () => {
    expect(order({ cooling: { 'p/a': true, 'p/b': true } })).toEqual(['q/a', 'q/c', 'p/a', 'p/b']);
  });

  it('are left out while a call would do harm', () => {
    expect(order({ cooling: { 'p/a': false, 'p/b': true } })).toEqual(['q/a', 'q/c', 'p/b']);
  });

  it('are all of them when all are left alone', () => {
    const cooling = { 'p/a': false, 'q/a': true };
    expect(order({ routed: false, cooling })).toEqual(['p/a', 'q/a']);
  });
});
