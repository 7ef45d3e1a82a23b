import { describe, expect, it } from 'vitest';
import { namedModel, type Model, type Price } from './model.ts';
import { priceTrouble, staleText } from './price-age.ts';

const DAY = 86_400_000;
const at = (id: string, source: Price['provenance']['source'] | null, date = '2026-09-01'): Model => ({
  ...namedModel(id),
  upstreams: [
    {
      id: `p/${id}`,
      provider: 'p',
      name: id,
      price: source === null ? null : { input: 1, output: 1, provenance: { source, date } },
    },
  ],
});

describe('prices', () => {
  const models = [
    at('listed', 'genai-prices'),
    at('newer', 'supplement', '2026-11-29'),
    at('own', 'config', '2020-01-01'),
    at('nobody', null),
    at('nobody', null),
  ];

  it('are stale when their list is older than the limit, never when they are the user’s own', () => {
    const now = Date.parse('2026-11-30T00:00:00Z');
    expect(priceTrouble(models, 90 * DAY, now)).toEqual({ unknown: ['p/nobody'], stale: [] });
    expect(priceTrouble(models, 90 * DAY, now + 1)).toEqual({
      unknown: ['p/nobody'],
      stale: [{ upstream: 'p/listed', date: '2026-09-01', days: 90 }],
    });
  });

  it('say so in a sentence', () => {
    const trouble = priceTrouble(models, DAY, Date.parse('2026-12-10T00:00:00Z'));
    expect(staleText(trouble)).toMatch(/^2 prices are from a list of 2026-09-01, 100 days ago: /);
    expect(staleText({ ...trouble, stale: trouble.stale.slice(1) })).toMatch(
      /^the price of p\/newer is from a list of/,
    );
    expect(staleText({ unknown: ['a'], stale: [] })).toBeUndefined();
  });
});
