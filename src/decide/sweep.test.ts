import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveOf, fixedCurve, meansOf } from './curve.ts';
import { choicesAt, sweep, type Forecast } from './sweep.ts';

function forecast(quality: readonly number[], cost: readonly number[]): Forecast {
  return {
    quality: Float64Array.from(quality),
    cost: Float64Array.from(cost),
    stderr: new Float64Array(quality.length),
  };
}

describe('sweep', () => {
  it('goes from the best predicted quality to the cheapest predicted cost and scores what was really chosen', () => {
    // One query: b is predicted better and dearer; really a scored 1 and cost 2, b scored 0 and cost 5.
    const { lambdas, curve, best } = sweep(
      forecast([0.5, 0.8], [1, 4]),
      Float64Array.of(1, 0),
      Float64Array.of(2, 5),
      2,
    );
    const { quality, cost } = meansOf(curve);
    expect([lambdas[0], lambdas.at(-1), lambdas.length]).toEqual([0, Infinity, 202]);
    expect([quality[0], cost[0]]).toEqual([0, 5]);
    expect([quality.at(-1), cost.at(-1)]).toEqual([1, 2]);
    expect([...best]).toEqual([1]);
  });

  it('has both ends of its range at the ends of all changes', () => {
    const q = [0.5, 0.8, 0.2, 0.9];
    const { lambdas } = sweep(forecast(q, [1, 4, 1, 2]), Float64Array.from(q), Float64Array.of(1, 4, 1, 2), 2);
    expect(lambdas[1]).toBeCloseTo(0.1, 9);
    expect(lambdas.at(-2)).toBeCloseTo(0.7, 9);
  });

  it('has one point without costs', () => {
    const result = sweep({ ...forecast([0.5, 0.8], []), cost: null }, Float64Array.of(1, 0.25), null, 2);
    expect(result.curve.points).toBe(1);
    expect([...meansOf(result.curve).quality]).toEqual([0.25]);
  });

  it('chooses at every λ what a direct comparison of all models chooses', () => {
    const value = fc.integer({ min: 0, max: 20 }).map((n) => n / 20);
    const table = fc.array(value, { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(table, table, table, (q, c, s) => {
        const predicted = forecast(q, c);
        const scores = Float64Array.from(s);
        const { lambdas, curve } = sweep(predicted, scores, predicted.cost, 4);
        const { quality, cost } = meansOf(curve);
        // Between the λ of the grid no tie is hit exactly, so rounding cannot decide.
        for (const p of [0, 60, 120, 180, 201]) {
          const lambda = lambdas[p] ?? 0;
          const chosen = choicesAt(predicted, 4, lambda);
          let value = 0;
          let expected = 0;
          for (const [i, j] of chosen.entries()) {
            if (lambda === Infinity) expected += c[i * 4 + j] ?? 0;
            else expected += (q[i * 4 + j] ?? 0) - lambda * (c[i * 4 + j] ?? 0);
          }
          if (lambda === Infinity) expect((cost[p] ?? 0) * 6).toBeCloseTo(expected, 9);
          else {
            const own = sweep(predicted, predicted.quality, predicted.cost, 4);
            const points = meansOf(own.curve);
            value = 6 * ((points.quality[p] ?? 0) - lambda * (points.cost[p] ?? 0));
            expect(value).toBeCloseTo(expected, 9);
          }
        }
        expect(quality.every((mean) => mean >= -1e-12 && mean <= 1 + 1e-12)).toBe(true);
      }),
    );
  });
});

describe('meansOf', () => {
  it('counts each query as often as its weight says', () => {
    const curve = curveOf(
      [Float64Array.of(1, 0), Float64Array.of(0, 0.5)],
      [Float64Array.of(4, 2), Float64Array.of(1, 2)],
    );
    expect(meansOf(curve)).toEqual({ quality: Float64Array.of(0.5, 0.25), cost: Float64Array.of(3, 1.5) });
    expect(meansOf(curve, Float64Array.of(3, 1))).toEqual({
      quality: Float64Array.of(0.75, 0.125),
      cost: Float64Array.of(3.5, 1.25),
    });
  });

  it('writes into the arrays it is given', () => {
    const curve = fixedCurve(Float64Array.of(1, 0), Float64Array.of(4, 2));
    const out = { quality: Float64Array.of(9), cost: Float64Array.of(9) };
    expect(meansOf(curve, undefined, out).quality).toBe(out.quality);
    expect(out).toEqual({ quality: Float64Array.of(0.5), cost: Float64Array.of(3) });
  });
});
