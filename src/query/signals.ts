import type { QueryInput } from './query.ts';

/** Counts over at most this many characters: signals need no more. */
const LOOK = 20_000;

const CODE_WORDS = new Set([
  'def',
  'function',
  'class',
  'return',
  'import',
  'const',
  'let',
  'var',
  'public',
  'void',
  'SELECT',
  'FROM',
  'WHERE',
]);
/** By the first character of a word: the lengths of the code words that begin so, as bits. Most words need no further look. */
const CODE_LENGTHS = new Uint16Array(128);
for (const word of CODE_WORDS) {
  const first = word.charCodeAt(0);
  CODE_LENGTHS[first] = (CODE_LENGTHS[first] ?? 0) | (1 << word.length);
}
const LONGEST_CODE_WORD = 15;

function isCodeWord(text: string, start: number, end: number): boolean {
  const length = end - start;
  if (length > LONGEST_CODE_WORD) return false;
  const lengths = CODE_LENGTHS[text.charCodeAt(start)] ?? 0;
  return (lengths & (1 << length)) !== 0 && CODE_WORDS.has(text.slice(start, end));
}
const MATH_MARKS = /[∑∏√∞∂∇≤≥≠≈]|\\(?:frac|int|sum|sqrt|lim)\b|\b\d+\s*[-+*/^=]\s*\d+/g;

/** What a text is about, by the first of these words in it. */
const TASKS =
  /\b(?:(?<summarise>summari[sz]e|summary|tl;?dr|condense|compress)|(?<translate>translate|translation|into (?:english|french|german|spanish|chinese|japanese))|(?<code>code|function|bug|debug|compile|refactor|regex|sql|script|api|unit test|stack trace|python|javascript|typescript|rust)|(?<maths>prove|proof|integral|derivative|equation|theorem|probability|solve for|calculate|compute|matrix)|(?<extract>extract|find all|list all|give the|pull out|fields?)|(?<classify>classify|categori[sz]e|label|sentiment|which category))\b/i;

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Counts of one pass over the characters. */
interface Marks {
  readonly lines: number;
  readonly words: number;
  readonly questions: number;
  readonly digits: number;
  /** Braces, semicolons, arrows, empty calls and words of programming languages. */
  readonly code: number;
  /** Whether anything in it can be a sign of maths. */
  readonly maths: boolean;
  /** Whether all characters are ASCII. */
  readonly ascii: boolean;
}

/** What an ASCII character is to {@link marksOf}. */
const MARK = 0;
const LETTER = 1;
const DIGIT = 2;
const SPACE = 3;
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return /\d/.test(char) ? DIGIT : /\w/.test(char) ? LETTER : /[ \t-\r]/.test(char) ? SPACE : MARK;
});
const NO_BREAK_SPACE = 0xa0;

/** One pass: requests pay for this with every decision. */
function marksOf(text: string): Marks {
  let lines = 1;
  let words = 0;
  let questions = 0;
  let digits = 0;
  let code = 0;
  let maths = false;
  let ascii = true;
  let inWord = false;
  let start = -1;
  let before = 0;
  for (let i = 0; i <= text.length; i++) {
    const char = i < text.length ? text.charCodeAt(i) : 0x20;
    if (char >= 128) ascii = false;
    const kind = char < 128 ? (ASCII[char] ?? MARK) : char === NO_BREAK_SPACE ? SPACE : MARK;
    if (kind === LETTER || kind === DIGIT) {
      if (start === -1) start = i;
      if (kind === DIGIT) digits++;
    } else if (start !== -1) {
      if (isCodeWord(text, start, i)) code++;
      start = -1;
    }
    if (kind === SPACE) {
      inWord = false;
      if (char === 0x0a) lines++;
    } else if (!inWord) {
      inWord = true;
      words++;
    }
    if (kind === MARK) {
      if (char === 0x3f) questions++;
      else if (char === 0x7b || char === 0x7d || char === 0x3b) code++;
      else if ((char === 0x3e && before === 0x3d) || (char === 0x29 && before === 0x28)) code++;
      else if (char === 0x5c || char >= 0x2200) maths = true;
    }
    before = char;
  }
  return { lines, words, questions, digits, code, maths: maths || digits > 1, ascii };
}

/** Characters that tell the script. */
const SCRIPT_LOOK = 2000;

function scriptOf(text: string, ascii: boolean): string {
  if (ascii) return /[a-z]/i.test(text.slice(0, SCRIPT_LOOK)) ? 'latin' : 'none';
  let latin = 0;
  let cjk = 0;
  let cyrillic = 0;
  let arabic = 0;
  let other = 0;
  const end = Math.min(text.length, SCRIPT_LOOK);
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 128) latin += ASCII[code] === LETTER && code !== 0x5f ? 1 : 0;
    else if (code >= 0xc0 && code <= 0x24f) latin++;
    else if (code >= 0x400 && code <= 0x52f) cyrillic++;
    else if (code >= 0x600 && code <= 0x6ff) arabic++;
    else if ((code >= 0x2e80 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af)) cjk += 2;
    else if (code >= 0x370) other++;
  }
  if (cjk + cyrillic + arabic + other === 0) return latin === 0 ? 'none' : 'latin';
  const ranked = Object.entries({ latin, cjk, cyrillic, arabic, other }).sort(([, a], [, b]) => b - a);
  const [first, second] = ranked;
  if (first === undefined) return 'none';
  return second !== undefined && second[1] > 0.4 * first[1] ? 'mixed' : first[0];
}

/** The task by its words, for reading; no default decision rests on it. */
function taskOf(instruction: string): string {
  const found = TASKS.exec(instruction)?.groups ?? {};
  return Object.keys(found).find((name) => found[name] !== undefined) ?? 'chat';
}

/** Tools and letters looked at; names say the same in their first letters ("calculate", "calculating"). */
const MAX_TOOLS = 64;
const STEM = 5;
const NAME_WORDS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]{2,}/g;

/** Largest share of a tool's name, in words, that the instruction mentions: a tool that fits, or one that does not. */
function toolMatch(names: readonly string[], instruction: string): number {
  const asked = instruction.toLowerCase();
  let best = 0;
  for (const name of names.slice(0, MAX_TOOLS)) {
    const words = (name.slice(0, 100).match(NAME_WORDS) ?? []).filter((word) => word.length > 2);
    if (words.length === 0) continue;
    const found = words.filter((word) => asked.includes(word.toLowerCase().slice(0, STEM))).length;
    best = Math.max(best, found / words.length);
  }
  return Math.round(best * 100) / 100;
}

/**
 * Named numbers and words about a request: `chars` and `payloadChars` of the last user turn; `lines`, `words`,
 * `questions`, `options` (lines that begin with "A." or "(a)"), `digits` (share of characters), `codeBlocks`,
 * `codeMarks` and `mathMarks` of the instruction; `images`, `tools`, `systemChars`, `json`; with tools `toolMatch`; `script` and `task`.
 */
export function signalsOf(
  input: QueryInput,
  text: string,
  instruction: string,
  payloadChars: number,
): Record<string, number | string> {
  const asked = instruction.slice(0, LOOK);
  let systemChars = 0;
  let images = 0;
  for (const message of input.messages) {
    if (message.role === 'system') systemChars += message.text.length;
    images += message.images;
  }
  const marks = marksOf(asked);
  const fenced = text.includes('```') || text.includes('~~~');
  return {
    chars: text.length,
    payloadChars,
    lines: marks.lines,
    words: marks.words,
    questions: marks.questions,
    options: count(asked, /^[^\S\n]*\(?[A-Ja-j][.)]\s/gm),
    digits: asked.length === 0 ? 0 : Math.round((marks.digits / asked.length) * 1000) / 1000,
    codeBlocks: fenced ? Math.floor(count(text.slice(0, LOOK), /^\s{0,3}(?:```|~~~)/gm) / 2) : 0,
    codeMarks: marks.code,
    mathMarks: marks.maths ? count(asked, MATH_MARKS) : 0,
    images,
    tools: input.toolCount,
    ...(input.toolNames === undefined ? {} : { toolMatch: toolMatch(input.toolNames, asked) }),
    systemChars,
    json: input.json ? 1 : 0,
    script: scriptOf(asked, marks.ascii),
    task: taskOf(asked),
  };
}
