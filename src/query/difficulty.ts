import type { Query } from './query.ts';

/** One reason why an instruction looks hard or easy, and what it adds on the logit scale. */
export interface DifficultyTerm {
  readonly term: string;
  readonly weight: number;
}

/** Where the scale is cut. */
const LIMIT = 4;
/** An instruction of about this many words is average. */
const AVERAGE_WORDS = 40;

const KEYWORDS: readonly (readonly [pattern: RegExp, weight: number])[] = [
  [/\b(?:prove|proof|derive|theorem|lemma|rigorous(?:ly)?)\b/i, 1.2],
  [/\b(?:architect(?:ure)?|design a|trade-?offs?|optimi[sz]e|refactor|concurren(?:t|cy)|distributed)\b/i, 0.8],
  [/\b(?:step by step|reason(?:ing)?|analy[sz]e|evaluate|compare|critique|in depth|in detail)\b/i, 0.5],
  [/\b(?:debug|implement|algorithm|complexity|recursion|race condition)\b/i, 0.6],
  [/\b(?:integral|derivative|differential|eigenvalue|probability|entropy|polynomial)\b/i, 0.8],
  [/\b(?:summari[sz]e|translate|rephrase|proofread|spell|capital of|synonym|define|hello|thanks)\b/i, -0.8],
  [/\b(?:briefly|one word|one sentence|short answer|yes or no)\b/i, -0.4],
];

function number(query: Query, name: string): number {
  const value = query.signals[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/**
 * Why the instruction looks hard or easy: length against an average one (½ per doubling), keywords by whole words,
 * steps and lines, code, maths. Hand-set weights: an aid for people who want rules, not knowledge from outcomes.
 */
export function explainDifficulty(query: Query): DifficultyTerm[] {
  const terms: DifficultyTerm[] = [];
  const add = (term: string, weight: number) => {
    if (Math.abs(weight) >= 0.05) terms.push({ term, weight });
  };
  const words = number(query, 'words');
  add(`${words} words`, 0.5 * Math.log2((words + 10) / (AVERAGE_WORDS + 10)));
  for (const [pattern, weight] of KEYWORDS) {
    const found = pattern.exec(query.instruction)?.[0];
    if (found !== undefined) add(`"${found.toLowerCase()}"`, weight);
  }
  const steps = number(query, 'lines') - 1;
  add(`${steps + 1} lines`, Math.min(0.6, 0.06 * steps));
  const code = number(query, 'codeBlocks');
  add(`${code} code blocks`, Math.min(0.6, 0.3 * code));
  const marks = number(query, 'codeMarks');
  add(`${marks} code marks`, Math.min(0.6, 0.05 * marks));
  const maths = number(query, 'mathMarks');
  add(`${maths} maths marks`, Math.min(1, 0.2 * maths));
  const questions = number(query, 'questions') - 1;
  add(`${questions + 1} questions`, Math.min(0.5, 0.15 * Math.max(0, questions)));
  return terms;
}

/** How hard the instruction looks on the logit scale, −4..4; 0 is average. */
export function difficultyOf(query: Query): number {
  const sum = explainDifficulty(query).reduce((total, { weight }) => total + weight, 0);
  return Math.max(-LIMIT, Math.min(LIMIT, Number.isFinite(sum) ? sum : 0));
}
