import { describe, expect, it } from 'vitest';
import { gaussian, seededRandom } from './random.ts';
import { drawProjection, foldProjection, projectInto } from './random-projection.ts';

const random = seededRandom(3);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** A random vector of length one. */
function unit(length: number): Float64Array {
  const vector = Float64Array.from({ length }, () => gaussian(random));
  const scale = 1 / Math.sqrt(dot(vector, vector));
  return vector.map((value) => value * scale);
}

describe('a random projection', () => {
  const projection = drawProjection(1024, 256, 7);
  const project = (x: Float64Array) => {
    const out = new Float64Array(256);
    projectInto(projection, x, out);
    return out;
  };

  it('keeps the length of a coordinate exactly, since its places differ', () => {
    for (const i of [0, 500, 1023]) {
      const out = project(Float64Array.from({ length: 1024 }, (_, at) => (at === i ? 3 : 0)));
      expect(dot(out, out)).toBeCloseTo(9, 5);
      expect(out.filter((value) => value !== 0)).toHaveLength(8);
    }
  });

  it('keeps inner products but for an error of about √(1/256)', () => {
    let squares = 0;
    for (let i = 0; i < 200; i++) {
      const [x, y] = [unit(1024), unit(1024)];
      const error = dot(project(x), project(y)) - dot(x, y);
      squares += error * error;
    }
    expect(Math.sqrt(squares / 200)).toBeGreaterThan(0.04);
    expect(Math.sqrt(squares / 200)).toBeLessThan(0.08);
  });

  it('folds into the weights that follow it: Wᵀ(Rx) = (RᵀW)ᵀx', () => {
    const x = unit(1024);
    const w = Float64Array.from({ length: 256 * 2 }, () => gaussian(random));
    const folded = foldProjection(projection, w, 2);
    const projected = project(x);
    for (const c of [0, 1]) {
      const column = (table: Float64Array) => table.filter((_, i) => i % 2 === c);
      expect(dot(x, column(folded))).toBeCloseTo(dot(projected, column(w)), 10);
    }
  });

  it('is the same for the same seed', () => {
    expect(drawProjection(300, 256, 1)).toEqual(drawProjection(300, 256, 1));
    expect(drawProjection(300, 256, 1).signs).not.toEqual(drawProjection(300, 256, 2).signs);
  });
});
