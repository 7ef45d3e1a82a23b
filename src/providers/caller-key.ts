import { disguisesOf } from './disguises.ts';
import type { Preset } from './presets.ts';

/** Headers that a provider's key comes in. */
export const KEY_HEADERS = ['authorization', 'x-api-key', 'api-key'] as const;
type KeyHeader = (typeof KEY_HEADERS)[number];

/** Credentials of a request that are none of this gateway's; of `authorization` the bearer token. */
export type SentKeys = Readonly<Partial<Record<KeyHeader, string>>>;

/**
 * A provider's key that a caller brought along. It lives as long as its request, in a closure: whatever is written, logged
 * or told of the request cannot show it.
 */
export interface CallerKey {
  /** The same for the same key, and says nothing about it: keeps apart what is remembered for two callers. */
  readonly scope: string;
  /** The header that a host takes it in. */
  headers(auth: Preset['auth']): Readonly<Record<string, string>>;
  /** Takes the key, and parts of it, out of what a provider says. */
  redact(text: string): string;
}

/** Access tokens, Anthropic's and JWTs, which are bearers wherever keys have a header of their own. */
const TOKEN = /^(?:sk-ant-oat|eyJ[\w-]+\.[\w-]+\.)/;

/** Shorter keys are placeholders, and words like any other; so are shorter parts of a key. */
const MIN_LENGTH = 8;
const MASK = '[key]';
/** How providers abbreviate a key: its ends around stars or dots. */
const ABBREVIATED = /([\w-]{0,40})(?:\*{2,}|\.{3}|…)([\w-]{0,40})/g;
/** Longer ones are tokens, whose parts say enough: a pattern of every way to write them would be as long as a book. */
const MAX_DISGUISED = 512;
/** An end of a key that is worth hiding where the rest is starred out. */
const MIN_END = 2;

/** The text without any run of characters that the key has too. */
function withoutParts(text: string, key: string): string {
  const parts = new Set<string>();
  for (let at = 0; at + MIN_LENGTH <= key.length; at++) parts.add(key.slice(at, at + MIN_LENGTH));
  let clean = '';
  let from = 0;
  for (let at = 0; at + MIN_LENGTH <= text.length; at++) {
    if (!parts.has(text.slice(at, at + MIN_LENGTH))) continue;
    let end = at + MIN_LENGTH;
    while (end < text.length && parts.has(text.slice(end + 1 - MIN_LENGTH, end + 1))) end++;
    clean += text.slice(from, at) + MASK;
    from = end;
    at = end - 1;
  }
  return from === 0 ? text : clean + text.slice(from);
}

function withoutKey(text: string, key: string): string {
  if (key.length < MIN_LENGTH) return text;
  const ends = (start: string, end: string): boolean =>
    (start.length >= MIN_END && key.startsWith(start)) || (end.length >= MIN_END && key.endsWith(end));
  const without = key.length > MAX_DISGUISED ? text : text.replaceAll(disguisesOf(key), MASK);
  return withoutParts(
    without.replaceAll(ABBREVIATED, (all, start: string, end: string) => (ends(start, end) ? MASK : all)),
    key,
  );
}

/** @param oauth Whether the request says that its bearer is a token of OAuth (`anthropic-beta: oauth-…`). */
export function createCallerKey(
  sent: SentKeys,
  { scope, oauth }: { readonly scope: string; readonly oauth: boolean },
): CallerKey {
  const keys = Object.values(sent).sort((a, b) => b.length - a.length);
  return {
    scope,
    headers(auth) {
      const own = auth === 'x-api-key' || auth === 'api-key' ? auth : 'authorization';
      const order: readonly KeyHeader[] = [oauth ? 'authorization' : own, own, ...KEY_HEADERS];
      const from = order.find((name) => sent[name] !== undefined);
      const key = from === undefined ? undefined : sent[from];
      if (from === undefined || key === undefined) return {};
      const bearer = own === 'authorization' || (from === 'authorization' && (oauth || TOKEN.test(key)));
      return bearer ? { authorization: `Bearer ${key}` } : { [own]: key };
    },
    redact: (text) => keys.reduce(withoutKey, text),
  };
}
