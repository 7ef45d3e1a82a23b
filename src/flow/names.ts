/** Characters of a name of a session or an end user; longer ones are cut. */
const MAX_NAME = 200;
/** Characters of a comment. */
export const MAX_COMMENT = 2000;

/** What a terminal or a page would act upon rather than show: controls, what turns the direction of text, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;
/** The same but for line ends and tabs. */
const UNSEEN_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** Whether a text holds what is not to be kept of it. */
export const hasUnseen = (text: string): boolean => text.search(UNSEEN) !== -1;

/** A name as it is kept, looked up and told: without controls, and cut; undefined when nothing is left. */
export function nameOf(given: string | undefined): string | undefined {
  const name = given?.replace(UNSEEN, '').slice(0, MAX_NAME).replace(UNSEEN, '').trim();
  return name === '' ? undefined : name;
}

/** A comment as it is kept: lines and tabs stay, other controls do not; undefined when nothing is left. */
export function commentOf(given: string | undefined): string | undefined {
  const comment = given?.replace(UNSEEN_IN_LINES, '').trim();
  return comment === '' ? undefined : comment;
}
