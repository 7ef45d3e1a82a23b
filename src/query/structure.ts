import type { Query } from './query.ts';

const QUESTION_WORDS = ['what', 'which', 'who', 'when', 'where', 'why', 'how'] as const;

/** Names of the numbers that {@link structureOf} gives, in order. Changing them changes the feature version. */
export const STRUCTURE_FIELDS = [
  'log chars',
  'log payload chars',
  'log words',
  'log lines',
  'log questions',
  'options',
  'digits',
  'log code marks',
  'code blocks',
  'log maths marks',
  'log tools',
  'tool match',
  'log turns',
  'json',
  'log images',
  'log system chars',
  'capitals',
  'punctuation',
  'word length',
  'log backslashes',
  'log equals signs',
  'log numbers',
  'log commas',
  'log ands',
  'CJK',
  'other scripts',
  'blank to fill',
  'ends with ?',
  'ends with :',
  ...QUESTION_WORDS,
] as const;

/** Length of the vector that {@link structureOf} gives. */
export const STRUCTURE_SIZE = STRUCTURE_FIELDS.length;

/** How often each ASCII character stands in a text: one table for all texts, emptied before each. */
const ascii = new Uint32Array(128);

function total(from: number, to: number): number {
  let sum = 0;
  for (let code = from; code <= to; code++) sum += ascii[code] ?? 0;
  return sum;
}

/** What one pass over the instruction counts. */
function countChars(text: string) {
  let numbers = 0;
  let cjk = 0;
  let foreign = 0;
  let wasDigit = false;
  ascii.fill(0);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code >= 0x30 && code <= 0x39;
    if (digit && !wasDigit) numbers++;
    wasDigit = digit;
    if (code < 128) ascii[code] = (ascii[code] ?? 0) + 1;
    else if (code >= 0x2e80 && code <= 0xd7af) cjk++;
    else if (code > 0x24f) foreign++;
  }
  return {
    capitals: total(0x41, 0x5a),
    punctuation: total(0x21, 0x2f) + total(0x3a, 0x40),
    backslashes: total(0x5c, 0x5c),
    equals: total(0x3d, 0x3d),
    blanks: total(0x5f, 0x5f),
    commas: total(0x2c, 0x2c),
    numbers,
    cjk,
    foreign,
  };
}

/** How far into the instruction a question word is looked for. */
const HEAD = 2000;
const FIND_QUESTION = new RegExp(`\\b(?:${QUESTION_WORDS.join('|')})\\b`, 'gi');

function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

function lastChar(text: string): string {
  return text.trimEnd().at(-1) ?? '';
}

/** The form of a query as numbers, {@link STRUCTURE_SIZE} of them: sizes as logarithms, shares as 0..1, flags as 0 or 1. */
export function structureOf(query: Query): Float64Array {
  const { instruction, signals } = query;
  const signal = (name: string): number => {
    const value = signals[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : 0;
  };
  const log = (value: number): number => Math.log1p(Math.max(0, value));
  const length = Math.max(1, instruction.length);
  const seen = countChars(instruction);
  const asked = new Set<string>();
  for (const [word] of instruction.slice(0, HEAD).matchAll(FIND_QUESTION)) asked.add(word.toLowerCase());
  const last = lastChar(instruction);
  // From a list: the array's own `of` takes five times as long.
  return new Float64Array([
    log(signal('chars')),
    log(signal('payloadChars')),
    log(signal('words')),
    log(signal('lines')),
    log(signal('questions')),
    Math.min(12, signal('options')),
    signal('digits'),
    log(signal('codeMarks')),
    Math.min(4, signal('codeBlocks')),
    log(signal('mathMarks')),
    log(signal('tools')),
    signal('toolMatch'),
    log(query.turns),
    signal('json'),
    log(signal('images')),
    log(signal('systemChars')),
    seen.capitals / length,
    seen.punctuation / length,
    Math.min(20, length / Math.max(1, signal('words'))) / 10,
    log(seen.backslashes),
    log(seen.equals),
    log(seen.numbers),
    log(seen.commas),
    log(countOf(instruction, ' and ')),
    seen.cjk / length,
    seen.foreign / length,
    seen.blanks > 2 ? 1 : 0,
    last === '?' ? 1 : 0,
    last === ':' ? 1 : 0,
    ...QUESTION_WORDS.map((word) => (asked.has(word) ? 1 : 0)),
  ]);
}
