import type { QueryInput } from './query.ts';

/** Counts over at most this many characters: signals need no more. */
const LOOK = 20_000;

const CODE_MARKS =
  /[{};]|=>|\(\)|\b(?:def|function|class|return|import|const|let|var|public|void|SELECT|FROM|WHERE)\b/g;
const MATH_MARKS = /[∑∏√∞∂∇≤≥≠≈]|\\(?:frac|int|sum|sqrt|lim)\b|\b\d+\s*[-+*/^=]\s*\d+/g;

const TASKS: readonly (readonly [string, RegExp])[] = [
  ['summarise', /\b(?:summari[sz]e|summary|tl;?dr|condense|compress)\b/i],
  ['translate', /\b(?:translate|translation|into (?:english|french|german|spanish|chinese|japanese))\b/i],
  [
    'code',
    /\b(?:code|function|bug|debug|compile|refactor|regex|sql|script|api|unit test|stack trace|python|javascript|typescript|rust)\b/i,
  ],
  ['maths', /\b(?:prove|proof|integral|derivative|equation|theorem|probability|solve for|calculate|compute|matrix)\b/i],
  ['extract', /\b(?:extract|find all|list all|give the|pull out|fields?)\b/i],
  ['classify', /\b(?:classify|categori[sz]e|label|sentiment|which category)\b/i],
];

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function scriptOf(text: string): string {
  const seen = { latin: 0, cjk: 0, cyrillic: 0, arabic: 0, other: 0 };
  const end = Math.min(text.length, 2000);
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || (code >= 0xc0 && code <= 0x24f))
      seen.latin++;
    else if (code >= 0x400 && code <= 0x52f) seen.cyrillic++;
    else if (code >= 0x600 && code <= 0x6ff) seen.arabic++;
    else if ((code >= 0x2e80 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af)) seen.cjk += 2;
    else if (code >= 0x370) seen.other++;
  }
  const ranked = Object.entries(seen).sort(([, a], [, b]) => b - a);
  const [first, second] = ranked;
  if (first === undefined || first[1] === 0) return 'none';
  return second !== undefined && second[1] > 0.4 * first[1] ? 'mixed' : first[0];
}

/** The task by its words, for reading; no default decision rests on it. */
export function taskOf(instruction: string): string {
  return TASKS.find(([, pattern]) => pattern.test(instruction))?.[0] ?? 'chat';
}

/**
 * Named numbers and words about a request: `chars` and `payloadChars` of the last user turn; `lines`, `words`,
 * `questions`, `options` (lines that begin with "A." or "(a)"), `digits` (share of characters), `codeBlocks`,
 * `codeMarks` and `mathMarks` of the instruction; `images`, `tools`, `systemChars`, `json`; `script` and `task`.
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
  return {
    chars: text.length,
    payloadChars,
    lines: count(asked, /\n/g) + 1,
    words: count(asked, /\S+/g),
    questions: count(asked, /\?/g),
    options: count(asked, /^\s*\(?[A-Ja-j][.)]\s/gm),
    digits: asked.length === 0 ? 0 : Math.round((count(asked, /\d/g) / asked.length) * 1000) / 1000,
    codeBlocks: Math.floor(count(text.slice(0, LOOK), /^\s{0,3}(?:```|~~~)/gm) / 2),
    codeMarks: count(asked, CODE_MARKS),
    mathMarks: count(asked, MATH_MARKS),
    images,
    tools: input.toolCount,
    systemChars,
    json: input.json ? 1 : 0,
    script: scriptOf(asked),
    task: taskOf(asked),
  };
}
