import { editDistance } from '../catalog/nearest.ts';
import { SignalboxError } from '../errors.ts';
import { ascii } from '../flow/head.ts';

const OURS = 'x-signalbox-';
const WARNINGS = `${OURS}warnings`;

/** What a request may carry, without the prefix. */
const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'role',
  'strategy',
  'session',
  'key',
  'key-for',
  'tags',
  'user',
  'cache',
  'prompts',
  'explain',
  'provider',
]);

/** On these hang what is kept, which rules apply and whose money it is: a misspelt one must not be passed over. */
const STRICT = ['prompts', 'role', 'tags', 'cache'];
/** Edits that still make a spelling error. */
const NEAR = 2;

/** Warnings of one request, and characters of a name in them. */
const MOST = 5;
const LONGEST = 40;

/** Names of headers that begin with ours and are none of ours; undefined where there is none. */
export function unknownHeaders(names: Iterable<string>): readonly string[] | undefined {
  let found: string[] | undefined;
  for (const name of names) {
    if (name.startsWith(OURS) && !REQUEST_HEADERS.has(name.slice(OURS.length))) (found ??= []).push(name);
  }
  return found;
}

const told = (name: string): string => ascii(name.slice(0, OURS.length + LONGEST));

/**
 * Refuses a name that is nearly one that must not be misspelt.
 * @throws `invalid_request` which names the one that was meant
 */
export function refuseMisspelt(unknown: readonly string[]): void {
  for (const name of unknown) {
    const meant = STRICT.find((strict) => editDistance(name.slice(OURS.length), strict, NEAR) <= NEAR);
    if (meant === undefined) continue;
    const param = told(name);
    throw new SignalboxError('invalid_request', `there is no header ${param}; did you mean ${OURS}${meant}?`, {
      param,
    });
  }
}

/** Headers with a warning for each unknown name added. */
export function withUnknown(
  headers: Readonly<Record<string, string>>,
  unknown: readonly string[],
): Record<string, string> {
  const own = unknown.slice(0, MOST).map((name) => `unknown-header:${told(name)}`);
  const more = unknown.length > MOST ? [`unknown-headers:${unknown.length - MOST}`] : [];
  const before = headers[WARNINGS];
  return { ...headers, [WARNINGS]: [...(before === undefined ? [] : [before]), ...own, ...more].join(',') };
}
