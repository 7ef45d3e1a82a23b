import { wordBuckets } from '../query/ngrams.ts';
import { columnOf, type TfIdf } from './tfidf.ts';

/** What a term of the query did to a number. */
export interface TermEffect {
  readonly words: string;
  readonly effect: number;
}

/** Words looked at; who reads reasons does not read more. */
const MAX_WORDS = 400;

/**
 * The query's words and pairs of words that moved a linear score most, largest effects first. A word of which a pair says
 * the same thing more strongly stands for both.
 *
 * @param effectOf effect of a column of the text part on this query; 0 where it has none
 */
export function movingTerms(
  text: string,
  tfidf: TfIdf,
  effectOf: (column: number) => number,
  most = 3,
): readonly TermEffect[] {
  const effects: TermEffect[] = [];
  for (const { words, bucket } of wordBuckets(text).slice(0, MAX_WORDS)) {
    const column = columnOf(tfidf, bucket);
    const effect = column === -1 ? 0 : effectOf(column);
    if (effect !== 0) effects.push({ words, effect });
  }
  effects.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || (a.words < b.words ? -1 : 1));
  const told: TermEffect[] = [];
  for (const each of effects) {
    if (told.length === most) break;
    const known = told.some(
      ({ words }) => ` ${words} `.includes(` ${each.words} `) || ` ${each.words} `.includes(` ${words} `),
    );
    if (!known) told.push(each);
  }
  return told;
}

/** `+"integral", −"poem"`: which words raised a number and which lowered it. */
export function tellTerms(terms: readonly TermEffect[]): string {
  return terms.map(({ words, effect }) => `${effect < 0 ? '−' : '+'}"${words}"`).join(', ');
}
