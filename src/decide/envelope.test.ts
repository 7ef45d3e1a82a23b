import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnvelope, walkEnvelope } from './envelope.ts';

const columnsOf = (m: number): Int32Array => Int32Array.from({ length: m }, (_, j) => j);

function envelopeOf(quality: readonly number[], cost: readonly number[]) {
  const out = createEnvelope(quality.length);
  const n = walkEnvelope(Float64Array.from(quality), Float64Array.from(cost), 0, columnsOf(quality.length), out);
  return { choices: [...out.choices.subarray(0, n)], lambdas: [...out.lambdas.subarray(0, n)] };
}

describe('walkEnvelope', () => {
  it('walks from the best to the cheapest through what is worth its price on the way', () => {
    // From .9 at 4 to .8 at 2 a unit of cost buys .05; from there to .5 at 1 it buys .3. .55 at 3 is never worth it.
    const { choices, lambdas } = envelopeOf([0.5, 0.8, 0.55, 0.9], [1, 2, 3, 4]);
    expect(choices).toEqual([3, 1, 0]);
    expect(lambdas[0]).toBe(0);
    expect(lambdas[1]).toBeCloseTo(0.05, 12);
    expect(lambdas[2]).toBeCloseTo(0.3, 12);
  });

  it('breaks ties by cost, then by order', () => {
    expect(envelopeOf([0.7, 0.7, 0.7], [2, 1, 1]).choices).toEqual([1]);
    expect(envelopeOf([0.5, 0.7, 0.6], [1, 1, 1]).choices).toEqual([1]);
  });

  it('never walks past the cheaper of two models at the λ where both are worth the same', () => {
    // All three lie on one line: at λ = .1 they tie, and the cheapest wins at once.
    expect(envelopeOf([0.5, 0.6, 0.7], [1, 2, 3])).toEqual({ choices: [2, 0], lambdas: [0, expect.closeTo(0.1, 12)] });
  });

  it('chooses what a direct comparison chooses at any λ, and only ever cheaper ones as λ grows', () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    const rows = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 50, noNaN: true }), (models, lambda) => {
        const q = models.map(([quality]) => quality);
        const c = models.map(([, cost]) => cost);
        const { choices, lambdas } = envelopeOf(q, c);
        const at = choices[lambdas.filter((begin) => begin <= lambda).length - 1] ?? 0;
        const worth = (j: number): number => (q[j] ?? 0) - lambda * (c[j] ?? 0);
        expect(worth(at)).toBeGreaterThanOrEqual(Math.max(...Array.from(q.keys(), worth)) - 1e-9);
        for (const [s, j] of choices.entries()) {
          if (s > 0) expect(c[j] ?? 0).toBeLessThan(c[choices[s - 1] ?? 0] ?? 0);
        }
        expect(c[choices.at(-1) ?? 0]).toBe(Math.min(...c));
      }),
    );
  });
});
