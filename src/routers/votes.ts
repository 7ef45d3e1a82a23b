import type { Deviations, FittedPart } from './parts/part.ts';
import type { Point } from './space.ts';

/** Parts and what each counts. */
export interface Weighted {
  readonly parts: readonly FittedPart[];
  /** One per part. */
  readonly weights: readonly number[];
  /** Used instead for a query on which a part of `weights` abstains. Without them its weight goes to the others. */
  readonly spare?: readonly number[] | undefined;
}

/** What a part says of a query and what that counts. */
export interface Vote {
  readonly part: FittedPart;
  readonly weight: number;
  readonly told: Deviations;
}

interface Asked {
  readonly part: FittedPart;
  readonly weight: number;
  readonly told: Deviations | undefined;
}

const total = (votes: readonly { readonly weight: number }[]): number =>
  votes.reduce((sum, { weight }) => sum + weight, 0);

const hasTold = (asked: Asked): asked is Vote => asked.told !== undefined;

/**
 * What the parts that do not abstain say of a point. Their weights add up to what they would with the others: a part that
 * is silent draws nothing to the mean. None when all abstain.
 */
export function votesOn({ parts, weights, spare }: Weighted, point: Point): Vote[] {
  const ask = (chosen: readonly number[]): Asked[] =>
    parts.flatMap((part, p) => {
      const weight = chosen[p] ?? 0;
      return weight === 0 ? [] : [{ part, weight, told: part.predict(point) }];
    });
  const all = ask(weights);
  if (all.every(hasTold)) return all;
  const asked = spare === undefined ? all : ask(spare);
  const votes = asked.filter(hasTold);
  const scale = votes.length === asked.length ? 1 : total(asked) / total(votes);
  return votes.map((vote) => ({ ...vote, weight: vote.weight * scale }));
}
