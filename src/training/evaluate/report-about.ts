import type { ControlName } from './evaluate.ts';

/** What each control does, in a line. */
const ABOUT: Readonly<Record<ControlName, string>> = {
  cheapest: 'always the cheapest model of the training rows',
  'best-single': 'always the best model of the training rows; what routing must justify itself against',
  random: 'any model with equal chance',
  zero: 'mixing single models at random, the best mixture for every budget; reads no query',
  constant: 'each model’s training mean for every query: knows models and costs, not queries',
  length: 'a line in the query’s length per model: knows only that long queries are harder',
  shuffled: 'a router fitted to scores that were dealt to other queries: what memorising noise brings',
  prototype: 'a simple router of word and character n-grams; one that is not better is not worth its complexity',
  oracle: 'knows every outcome, and so harvests luck: the ceiling, no target',
};

const known = (name: string): name is ControlName => Object.hasOwn(ABOUT, name);

/** A control in a line; undefined for routers. */
export function aboutControl(name: string): string | undefined {
  return known(name) ? ABOUT[name] : undefined;
}

/** What a reader of the numbers must not overlook. */
export const READING =
  'Better and worse are told where the paired 95 % interval lies wholly above or below 0. An interval is about the queries that were met: it knows nothing of refitting on other rows. Of many comparisons in which there is no difference, one in twenty looks better or worse by chance.';
