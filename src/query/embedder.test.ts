import { describe, expect, it } from 'vitest';
import { spaceMismatch, spaceOf, unitVector } from './embedder.ts';

describe('a vector', () => {
  it('gets length one, however large or small it is', () => {
    expect(unitVector([3, -4])).toEqual(Float32Array.of(0.6, -0.8));
    expect(unitVector([3e100, 4e100])).toEqual(Float32Array.of(0.6, 0.8));
    expect(unitVector([3e-100, 4e-100])).toEqual(Float32Array.of(0.6, 0.8));
  });

  it.each([[[]], [[0, 0]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]], [[1e200, 1e200]], [['1']], [[null]]])(
    'is none of %o',
    (numbers) => {
      expect(unitVector(numbers)).toBeUndefined();
    },
  );
});

describe('a space of vectors', () => {
  const need = { kind: 'openai', model: 'm', dim: 256 };

  it('is that of a setting with the same kind, model and dimension', () => {
    expect(spaceMismatch(need, { kind: 'openai', model: 'm', dimensions: 256 })).toBeUndefined();
    expect(spaceMismatch(need, { kind: 'openai', model: 'm' })).toBeUndefined();
    for (const other of [{ kind: 'ollama' }, { model: 'n' }, { dimensions: 128 }]) {
      expect(spaceMismatch(need, { kind: 'openai', model: 'm', ...other })).toMatch(
        /is configured; set routing\.embedder/,
      );
    }
    for (const none of [undefined, { kind: 'hashed' }]) {
      expect(spaceMismatch(need, none)).toBe(
        'the router was trained with vectors of openai/m with 256 dimensions, and no embedder is configured; set routing.embedder: { kind: openai, model: m, dimensions: 256 }',
      );
    }
  });

  it('of local files goes by their folder’s name', () => {
    expect(spaceOf({ kind: 'transformers', model: './models/mini/' }, 384)).toEqual({
      kind: 'transformers',
      model: 'mini',
      dim: 384,
    });
  });
});
