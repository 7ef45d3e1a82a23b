import { describe, expect, it } from 'vitest';
import type { Capability, Model, Upstream } from '../catalog/model.ts';
import { asSignalboxError } from '../errors.ts';
import type { Query } from '../query/query.ts';
import { noCandidate, selectCandidates } from './candidates.ts';

const price = { input: 1, output: 2, provenance: { source: 'config' as const, date: '2026-01-01' } };

function model(id: string, rest: Partial<Model> = {}, priced = true): Model {
  const upstream: Upstream = { id: `p/${id}`, provider: 'p', name: id, price: priced ? price : null };
  return { id, aliases: [], capabilities: new Set(), capabilitiesKnown: false, upstreams: [upstream], ...rest };
}

const query = (rest: Partial<Query> = {}): Query => ({
  instruction: 'Hi',
  text: 'Hi',
  inputTokens: 1000,
  turns: 1,
  needs: new Set<Capability>(),
  signals: {},
  ...rest,
});

const RULES = { priced: false, cooling: () => undefined };
const limited = { until: 12_500, why: 'its rate limit is reached', lastResort: false };
const dropped = (asked: Query, models: readonly Model[], rules = {}) =>
  selectCandidates(asked, models, { ...RULES, ...rules }).dropped.map(({ model: id, why }) => [id, why]);

describe('candidates', () => {
  it('keep unknown capabilities and windows: they are learnt from the refusal', () => {
    expect(dropped(query({ needs: new Set<Capability>(['tools']) }), [model('a')])).toEqual([]);
  });

  it('are dropped with a code', () => {
    const models = [
      model('text', { capabilitiesKnown: true }),
      model('small', { contextWindow: 1200 }),
      model('unpriced', {}, false),
      model('cooling'),
      model('good', { capabilitiesKnown: true, capabilities: new Set<Capability>(['vision']), contextWindow: 8000 }),
    ];
    const asked = query({ needs: new Set<Capability>(['vision']), maxOutput: 500 });
    const rules = { priced: true, cooling: ({ name }: Upstream) => (name === 'cooling' ? limited : undefined) };
    expect(dropped(asked, models, rules)).toEqual([
      ['text', 'capability'],
      ['small', 'window'],
      ['unpriced', 'budget'],
      ['cooling', 'health'],
    ]);
  });

  it('obey key before role', () => {
    const models = [model('a'), model('b'), model('c')];
    expect(dropped(query(), models, { key: new Set(['a', 'b']), role: new Set(['a', 'c']) })).toEqual([
      ['b', 'role'],
      ['c', 'key'],
    ]);
  });

  it('of which all are cooling down say why, and when to come back: in whole seconds, at the first that is ready', () => {
    const until = (name: string) => (name === 'a' ? 12_500 : 61_000);
    const kept = selectCandidates(query(), [model('a'), model('b')], {
      ...RULES,
      cooling: ({ name }) => ({ ...limited, until: until(name) }),
    });
    expect(noCandidate(kept, 10_000)).toMatchObject({
      code: 'all_unavailable',
      retryAfter: 3,
      message: expect.stringContaining('a: is left alone for now: its rate limit is reached'),
    });
  });

  it('whose key was refused are a last resort, those at their rate limit are not', () => {
    const refused = { until: 12_500, why: 'the provider refused its key', lastResort: true };
    const cooling = ({ name }: Upstream) => (name === 'a' ? refused : limited);
    const kept = selectCandidates(query(), [model('a'), model('b')], { ...RULES, cooling });
    expect(kept.candidates.map(({ id }) => id)).toEqual(['a']);
    expect(kept.dropped.map((drop) => [drop.model, drop.why])).toEqual([['b', 'health']]);
    const rest = selectCandidates(query(), [model('a'), model('c')], {
      ...RULES,
      cooling: ({ name }) => (name === 'a' ? refused : undefined),
    });
    expect(rest.candidates.map(({ id }) => id)).toEqual(['c']);
  });

  it('that are none say what kept each out, with the right code', () => {
    const code = (models: readonly Model[], rules = {}) =>
      asSignalboxError(noCandidate(selectCandidates(query(), models, { ...RULES, ...rules }), 0)).code;
    expect(code([model('a', { contextWindow: 10 })])).toBe('context_length_exceeded');
    expect(code([model('a')], { role: new Set() })).toBe('forbidden');
    expect(code([model('a')], { cooling: () => limited })).toBe('all_unavailable');
    expect(code([model('a', {}, false)], { priced: true })).toBe('no_candidate');
  });
});
