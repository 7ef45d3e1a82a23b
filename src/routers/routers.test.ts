import { describe, expect, it } from 'vitest';
import { complexity } from './complexity.ts';
import { featuresOf, routerConformance } from './conformance.ts';
import { namedModel } from './fixtures.ts';
import { prior } from './prior.ts';
import { ROUTERS } from './registry.ts';

for (const router of ROUTERS) routerConformance(router);

describe('prior', () => {
  it('is the declared quality, and the middle with a wide error where there is none', () => {
    expect(prior.predict(featuresOf('Hi', prior), [namedModel('a', 0.9), namedModel('b')])).toEqual([
      { quality: 0.9, stderr: 0.05 },
      { quality: 0.5, stderr: 0.25 },
    ]);
  });
});

describe('complexity', () => {
  it('is σ(ability − difficulty): by hand', () => {
    const features = { ...featuresOf('Hi', complexity), difficulty: 1 };
    // ability of .9 = ln 9 = 2.1972; σ(1.1972) = .7680
    expect(complexity.predict(features, [namedModel('a', 0.9)])[0]?.quality).toBeCloseTo(0.768, 3);
    // Difficulty 0 gives the declared quality back.
    expect(complexity.predict({ ...features, difficulty: 0 }, [namedModel('a', 0.7)])[0]?.quality).toBeCloseTo(0.7, 12);
  });

  it('finds whole words only', () => {
    const of = (text: string) => featuresOf(text, complexity).difficulty ?? 0;
    expect(of('Prove the claim.')).toBeGreaterThan(of('Improve the claim.'));
    expect(of('Summarise the claim.')).toBeLessThan(of('Consider the claim.'));
  });

  it('judges the instruction, not the paste', () => {
    const paste = 'The theorem of the derivative of the integral.\n'.repeat(200);
    const of = (text: string) => featuresOf(text, complexity).difficulty ?? 0;
    expect(of(`Summarise the following text:\n\n${paste}`)).toBeLessThan(0);
    expect(of(`Summarise the following text:\n\n${paste}`)).toBeCloseTo(of('Summarise the following text:'), 0);
  });
});
