import { utf8 } from '../protocol/bytes.ts';

/** Letters and digits in a row that a message may share with a request: a longer run is a quotation. */
const RUN = 7;
/** The same where a character may be a syllable or a word. */
const SHORT_RUN = 2;
/** Characters of a request that are looked through; of a larger one no words are kept. */
const MOST_TEXT = 2 ** 20;
/** Characters of a message that are looked at. */
const MOST_MESSAGE = 2000;
const CUT = '…';

/** Takes out of a message what it quotes of a request. */
export type WithoutQuotes = (message: string) => string;

/** Members that hold words of the protocol. */
const PROTOCOL: ReadonlySet<string> = new Set(['model', 'role', 'type']);
/** Members whose own members have names of the caller's. */
const NAMING: ReadonlySet<string> = new Set(['arguments', 'input', 'metadata', 'properties']);

function collect(value: unknown, member: string, texts: string[]): void {
  if (typeof value === 'string') {
    if (!PROTOCOL.has(member)) texts.push(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, member, texts);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      if (NAMING.has(member)) texts.push(name);
      collect(inner, name, texts);
    }
  }
}

const isLetter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0xc0 && !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f));

/** The letters and digits of a text in lower case, and where each stands. */
interface Letters {
  readonly codes: number[];
  readonly places: (readonly [from: number, to: number])[];
}

/** What JSON in a message may write for a character: `\\n`, `\\u00e9`. */
const ESCAPE = /\\(?:u([0-9a-f]{4})|[\s\S])/y;

/** With `escapes`, those of JSON are read as what they stand for. */
function lettersOf(lower: string, escapes: boolean): Letters {
  const codes: number[] = [];
  const places: [number, number][] = [];
  for (let i = 0; i < lower.length; i++) {
    let code = lower.charCodeAt(i);
    let end = i + 1;
    if (escapes && code === 0x5c) {
      ESCAPE.lastIndex = i;
      const [escape = '', hex] = ESCAPE.exec(lower) ?? [];
      code = hex === undefined ? 0x20 : String.fromCharCode(Number.parseInt(hex, 16)).toLowerCase().charCodeAt(0);
      end = Math.max(end, i + escape.length);
    }
    if (isLetter(code)) {
      codes.push(code);
      places.push([i, end]);
    }
    i = end - 1;
  }
  return { codes, places };
}

const BASE = 0x01000193;

function hashOf(codes: readonly number[], from: number, size: number): number {
  let hash = 0;
  for (let i = from; i < from + size; i++) hash = (Math.imul(hash, BASE) + (codes[i] ?? 0)) | 0;
  return hash;
}

/** Marks the letters of a message that stand in `texts` in runs of `size` (Rabin and Karp, 1987). */
function markRuns({ codes, places }: Letters, texts: readonly string[], size: number, marked: Uint8Array): void {
  const runs = new Map<number, number[]>();
  for (let i = 0; i + size <= codes.length; i++) {
    const hash = hashOf(codes, i, size);
    const same = runs.get(hash);
    if (same === undefined) runs.set(hash, [i]);
    else same.push(i);
  }
  if (runs.size === 0) return;
  let power = 1;
  for (let i = 0; i < size; i++) power = Math.imul(power, BASE);
  const last = new Int32Array(size);
  for (const text of texts) {
    const lower = text.toLowerCase();
    let hash = 0;
    let seen = 0;
    last.fill(0);
    for (let i = 0; i < lower.length; i++) {
      const code = lower.charCodeAt(i);
      if (!isLetter(code)) continue;
      const slot = seen % size;
      hash = (Math.imul(hash, BASE) + code - Math.imul(last[slot] ?? 0, power)) | 0;
      last[slot] = code;
      seen++;
      if (seen < size) continue;
      for (const run of runs.get(hash) ?? []) {
        for (const [from, to] of places.slice(run, run + size)) marked.fill(1, from, to);
      }
    }
  }
}

const QUOTED = /(['"`‘“«])((?:(?!\1).){1,300}?)(?:\1|['’”»])/g;

/** Marks what stands in quotation marks, however short, where a text has it. */
function markQuoted(lower: string, texts: readonly string[], marked: Uint8Array): void {
  const all = texts.map((text) => text.toLowerCase());
  for (const { index, 2: inner = '' } of lower.matchAll(QUOTED)) {
    const plain = inner.trim();
    if (plain !== '' && all.some((text) => text.includes(plain))) marked.fill(1, index + 1, index + 1 + inner.length);
  }
}

/** The message with an ellipsis for the words of which something is marked, and what stands between them. */
function cutMarked(message: string, marked: Uint8Array): string {
  return message
    .replace(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu, (part, at: number) =>
      marked.subarray(at, at + part.length).includes(1) ? CUT : part,
    )
    .replace(/…(?:[^\p{L}\p{N}]*…)+/gu, CUT);
}

function without(message: string, texts: readonly string[]): string {
  const shown = message.slice(0, MOST_MESSAGE);
  // Some capitals are longer in lower case: then places would not be the same.
  const lower = shown.toLowerCase().length === shown.length ? shown.toLowerCase() : shown;
  const marked = new Uint8Array(shown.length + 1);
  const plain = lettersOf(lower, false);
  const size = (plain.codes.some((code) => code > 0x24f) ? SHORT_RUN : RUN) + 1;
  markRuns(plain, texts, size, marked);
  if (lower.includes('\\')) markRuns(lettersOf(lower, true), texts, size, marked);
  markQuoted(lower, texts, marked);
  return marked.includes(1) ? cutMarked(shown, marked) : message;
}

/** What comes before a provider's words. */
export function ownWords(message: string): string {
  return message.split(': ', 1)[0] ?? '';
}

/** An error with its stack, without what it quotes: engines put what they choked on in quotation marks. */
export function stackOf(cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const frames = stack.search(/\n\s+at /);
  const head = frames === -1 ? stack : stack.slice(0, frames);
  return head.replace(/["'`][\s\S]*["'`]/, CUT) + stack.slice(head.length);
}

function withoutTexts(read: () => readonly string[]): WithoutQuotes {
  let texts: readonly string[] | undefined;
  return (message) => {
    texts ??= read();
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    return size > MOST_TEXT ? ownWords(message) : without(message, texts);
  };
}

/**
 * For messages about a request: providers quote what they refuse. A quotation of eight letters or digits in a row, or one in
 * quotation marks, is cut, whatever stands between the letters and whether they are capitals. Costs nothing until it is used.
 */
export function withoutQuotesOf(parsed: unknown): WithoutQuotes {
  return withoutTexts(() => {
    const texts: string[] = [];
    collect(parsed, '', texts);
    return texts;
  });
}

/** The same for a body that may be JSON or anything else. */
export function withoutQuotesOfBytes(body: Uint8Array | undefined): WithoutQuotes {
  return withoutTexts(() => {
    if (body === undefined) return [];
    const text = utf8(body);
    try {
      const texts: string[] = [];
      collect(JSON.parse(text), '', texts);
      return texts;
    } catch {
      return [text];
    }
  });
}
