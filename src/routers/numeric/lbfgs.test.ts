import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimise } from './lbfgs.ts';

describe('minimise', () => {
  it('finds the minimum of a quadratic: by hand', () => {
    // f = (x − 1)² + 10·(y + 2)² has its minimum 0 at (1, −2).
    const { x, value, converged } = minimise(
      ([a = 0, b = 0], gradient) => {
        gradient[0] = 2 * (a - 1);
        gradient[1] = 20 * (b + 2);
        return (a - 1) ** 2 + 10 * (b + 2) ** 2;
      },
      Float64Array.of(0, 0),
      { tolerance: 1e-9 },
    );
    expect(converged).toBe(true);
    expect(x[0]).toBeCloseTo(1, 6);
    expect(x[1]).toBeCloseTo(-2, 6);
    expect(value).toBeCloseTo(0, 9);
  });

  it("follows Rosenbrock's valley to (1, 1)", () => {
    const { x, converged } = minimise(
      ([a = 0, b = 0], gradient) => {
        gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a);
        gradient[1] = 200 * (b - a * a);
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
      },
      Float64Array.of(-1.2, 1),
      { tolerance: 1e-8, maxIterations: 200 },
    );
    expect(converged).toBe(true);
    expect(x[0]).toBeCloseTo(1, 4);
    expect(x[1]).toBeCloseTo(1, 4);
  });

  it('steps back from where the function is not finite', () => {
    // x − ln x has its minimum at 1 and does not exist below 0.
    const { x } = minimise(
      ([a = 0], gradient) => {
        gradient[0] = 1 - 1 / a;
        return a > 0 ? a - Math.log(a) : Number.NaN;
      },
      Float64Array.of(0.01),
      { tolerance: 1e-8 },
    );
    expect(x[0]).toBeCloseTo(1, 5);
  });

  it('never ends higher than it began, leaves the start alone and repeats itself to the bit', () => {
    const coefficient = fc.double({ min: 0.01, max: 100, noNaN: true });
    const place = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(coefficient, place, place), { minLength: 1, maxLength: 8 }), (parts) => {
        const f = (x: Float64Array, gradient: Float64Array): number => {
          let sum = 0;
          for (const [i, [scale, at]] of parts.entries()) {
            const off = (x[i] ?? 0) - at;
            gradient[i] = scale * (off + off ** 3);
            sum += scale * (off ** 2 / 2 + off ** 4 / 4);
          }
          return sum;
        };
        const start = Float64Array.from(parts, ([, , from]) => from);
        const before = f(start, new Float64Array(start.length));
        const once = minimise(f, start);
        expect(once.value).toBeLessThanOrEqual(before);
        expect(start).toEqual(Float64Array.from(parts, ([, , from]) => from));
        expect(minimise(f, start)).toEqual(once);
      }),
      { numRuns: 50 },
    );
  });

  it('says that it has not converged when it may not go on', () => {
    const slow = ([a = 0]: Float64Array, gradient: Float64Array): number => {
      gradient[0] = 4 * a ** 3;
      return a ** 4;
    };
    expect(minimise(slow, Float64Array.of(9), { maxIterations: 1 })).toMatchObject({ iterations: 1, converged: false });
    expect(minimise(slow, Float64Array.of(0))).toMatchObject({ iterations: 0, converged: true });
  });
});
