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

/** A fenced block: three or more backticks or tildes at the start of a line, to the same again. */
function dropFences(text: string): { readonly kept: string; readonly dropped: number } {
  if (!text.includes('```') && !text.includes('~~~')) return { kept: text, dropped: 0 };
  const kept: string[] = [];
  let fence: string | undefined;
  let dropped = 0;
  for (const line of text.split('\n')) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line.slice(0, 60))?.[1]?.slice(0, 3);
    if (fence === undefined && mark === undefined) kept.push(line);
    else {
      dropped += line.length + 1;
      if (fence === undefined) fence = mark;
      else if (mark === fence) fence = undefined;
    }
  }
  return { kept: kept.join('\n'), dropped };
}

/** Lines that quote somebody: `> …`. */
function dropQuotes(text: string): { readonly kept: string; readonly dropped: number } {
  if (!/^\s{0,3}>/m.test(text.slice(0, 100_000))) return { kept: text, dropped: 0 };
  const lines = text.split('\n');
  const kept = lines.filter((line) => !/^\s{0,3}>/.test(line.slice(0, 10)));
  const joined = kept.join('\n');
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
  const label = /\n\s*(?:[a-z]+ )?(?:content|text|article|document|conversation|transcript|input|code)\s*:\s*\n/i.exec(
    head,
  );
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
