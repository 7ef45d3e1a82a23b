/** What is asked, and how much pasted text it is asked about. */
export interface Separated {
  readonly instruction: string;
  /** Characters that count for tokens only. */
  readonly payloadChars: number;
}

/** An instruction longer than this is cut: no one asks that much. */
export const MAX_INSTRUCTION = 4000;
/** Text up to this length is never split at a colon: it is short enough to be all instruction. */
const SHORT = 400;
/** A head that introduces a paste is at most this long. */
const MAX_HEAD = 1500;
/** A closing instruction after a paste is at most this long. */
const MAX_TAIL = 500;

const TASK_WORDS =
  'summari[sz]e|summary|translate|rewrite|rephrase|paraphrase|proofread|fix|correct|explain|review|extract|classify|analy[sz]e|answer|describe|convert|shorten|expand|improve|edit|list|identify|find|compress|condense';
const TASK = new RegExp(`\\b(?:${TASK_WORDS})\\b`, 'i');
/** The words that announce a paste: "the following", "this text", "Content:", "below". */
const ANNOUNCES =
  /\b(?:following|below|this|these|content|text|article|document|conversation|passage|transcript|email|code|input)\b/i;

/** Blocks and lines looked at one by one; a text with more of them is a paste from there on. */
const MAX_PIECES = 2000;

/** Whether only up to three spaces stand between the start of the line and `at`. */
function startsLine(text: string, at: number): boolean {
  for (let i = at - 1, spaces = 0; ; i--, spaces++) {
    if (i < 0 || text.charCodeAt(i) === 0x0a) return true;
    if (spaces === 3 || text.charCodeAt(i) !== 0x20) return false;
  }
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The next place where a line begins with three backticks or tildes, or -1. */
function nextFence(text: string, mark: string, from: number): number {
  for (let at = text.indexOf(mark, from); at !== -1; at = text.indexOf(mark, at + 1)) {
    if (startsLine(text, at)) return at;
  }
  return -1;
}

/** A fenced block: three or more backticks or tildes at the start of a line, to the same again; each kind by itself. */
function dropFenced(text: string, mark: string): string {
  let open = nextFence(text, mark, 0);
  if (open === -1) return text;
  const kept: string[] = [];
  let from = 0;
  for (let pieces = 0; open !== -1; pieces++) {
    kept.push(text.slice(from, lineStart(text, open)));
    const close = pieces < MAX_PIECES ? nextFence(text, mark, lineEnd(text, open)) : -1;
    if (close === -1) return kept.join('');
    from = lineEnd(text, close);
    open = nextFence(text, mark, from);
  }
  kept.push(text.slice(from));
  return kept.join('');
}

/** Just past the end of the line that `at` is on. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

function dropFences(text: string): { readonly kept: string; readonly dropped: number } {
  const kept = dropFenced(dropFenced(text, '```'), '~~~');
  return { kept, dropped: text.length - kept.length };
}

/** Lines that quote somebody: `> …`. */
function dropQuotes(text: string): { readonly kept: string; readonly dropped: number } {
  const kept: string[] = [];
  let from = 0;
  let pieces = 0;
  for (let at = text.indexOf('>'); at !== -1; at = text.indexOf('>', at)) {
    if (!startsLine(text, at)) {
      at++;
      continue;
    }
    kept.push(text.slice(from, lineStart(text, at)));
    from = lineEnd(text, at);
    at = from;
    if (++pieces >= MAX_PIECES) {
      from = text.length;
      break;
    }
  }
  if (pieces === 0) return { kept: text, dropped: 0 };
  kept.push(text.slice(from));
  const joined = kept.join('');
  return { kept: joined, dropped: text.length - joined.length };
}

/** Blocks such as `<document>…</document>`; the tag's name has no attributes to be missed. */
function dropTags(text: string): { readonly kept: string; readonly dropped: number } {
  let kept = text;
  for (let rounds = 0; rounds < 8; rounds++) {
    const open = /<([a-z][a-z0-9_-]{1,30})(?: [^<>]{0,200})?>/i.exec(kept);
    if (open === null) break;
    const close = kept.indexOf(`</${open[1] ?? ''}>`, open.index);
    if (close === -1 || close - open.index < 200) break;
    kept = `${kept.slice(0, open.index)}\n${kept.slice(close + (open[1]?.length ?? 0) + 3)}`;
  }
  return { kept, dropped: text.length - kept.length };
}

/** Index just past the head of "summarise the following: …", or -1. */
function headEnd(text: string): number {
  const head = text.slice(0, MAX_HEAD);
  // The template "…\n\nContent:\n" or "…\n\nArticle content:\n" comes before a plain colon.
  const label =
    /\n[^\S\n]*(?:[a-z]+ )?(?:content|text|article|document|conversation|transcript|input|code)\s*:\s*\n/i.exec(head);
  if (label !== null && TASK.test(head.slice(0, label.index))) return label.index + label[0].length;
  for (let at = head.indexOf(':'); at !== -1; at = head.indexOf(':', at + 1)) {
    const before = head.slice(0, at);
    if (!TASK.test(before) || !ANNOUNCES.test(before)) continue;
    // "Question: why is this so?" is no paste: what follows must stand on its own line, or be long.
    const rest = text.slice(at + 1);
    if (/^\s*\n/.test(rest.slice(0, 40)) || rest.length > SHORT) return at + 1;
  }
  return -1;
}

/** Start of a closing instruction after a long paste, or -1. */
function tailStart(text: string): number {
  const from = Math.max(0, text.length - MAX_TAIL);
  const gap = text.lastIndexOf('\n\n');
  if (gap < from || gap < SHORT) return -1;
  const tail = text.slice(gap).trim();
  return tail.length > 0 && (TASK.test(tail) || tail.endsWith('?')) ? gap : -1;
}

function cut(instruction: string): string {
  const text = instruction.trim();
  if (text.length <= MAX_INSTRUCTION) return text;
  // Beginnings and ends ask; the middle is most likely pasted.
  const half = MAX_INSTRUCTION / 2;
  return `${text.slice(0, half)}\n${text.slice(-half + 1)}`;
}

/**
 * Separates what is asked from what it is asked about: fenced blocks, quotes, tagged documents, and the text after
 * "summarise the following:". Routing looks at the instruction; the paste counts for tokens. Linear in the text.
 */
export function separate(text: string): Separated {
  const fences = dropFences(text);
  const quotes = dropQuotes(fences.kept);
  const tags = dropTags(quotes.kept);
  const words = tags.kept;
  let instruction = words;
  const end = words.length > SHORT / 4 ? headEnd(words) : -1;
  if (end !== -1) {
    const tail = tailStart(words);
    instruction = words.slice(0, end) + (tail > end ? words.slice(tail) : '');
  } else if (words.length > 2 * SHORT) {
    const tail = tailStart(words);
    // A question of many lines is all instruction; only what is far longer than its closing request is a paste.
    if (tail !== -1 && words.length > 2000 && TASK.test(words.slice(tail))) instruction = words.slice(tail);
  }
  const asked = cut(instruction);
  // A message that is nothing but a paste is itself what is asked.
  if (asked === '') return { instruction: cut(text), payloadChars: Math.max(0, text.length - MAX_INSTRUCTION) };
  return { instruction: asked, payloadChars: Math.max(0, text.length - asked.length) };
}
