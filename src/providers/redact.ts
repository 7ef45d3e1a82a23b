import type { ProviderConfig } from '../config/schema.ts';
import { redactBytes } from '../protocol/redact-bytes.ts';
import { disguisesOf } from './disguises.ts';

/** Shorter keys are placeholders of local hosts, and words like any other. */
const MIN_LENGTH = 8;
/** Configured headers that carry a secret by their name. */
const CREDENTIAL = /auth|key|token|secret|cookie/i;
const MASK = '[key]';

type Configured = Pick<ProviderConfig, 'apiKey' | 'headers' | 'options'>;

/** Takes a provider's own keys out of what it says of its failures. */
export interface Redactor {
  text(text: string): string;
  /** The same bytes where no key is in them. */
  bytes(bytes: Uint8Array): Uint8Array;
}

/** Texts under names of credentials, at any depth. */
function credentialsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'string' ? (CREDENTIAL.test(name) ? [inner] : []) : credentialsIn(inner),
  );
}

/** Every secret that a provider is configured with, the longest first: one may begin with another. */
function secretsOf({ apiKey, headers, options }: Configured): string[] {
  const keys = typeof apiKey === 'string' ? [apiKey] : (apiKey ?? []);
  const others = credentialsIn({ headers, options }).map((value) => value.replace(/^(?:Bearer|Basic) +/i, ''));
  return [...new Set([...keys, ...others])]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
}

/** Pairs of backslashes, and printable characters that JSON need not have escaped. */
const NEEDLESS = /(\\\\)|\\u00([2-7][0-9a-f])/gi;

/** The same JSON with as few escapes as it can have. */
function withoutEscapes(json: string): string {
  return json.replaceAll(NEEDLESS, (written, pair: string | undefined, code: string | undefined) => {
    const char = code === undefined ? '' : String.fromCharCode(Number.parseInt(code, 16));
    return pair !== undefined || char === '"' || char === '\\' || char === '\x7f' ? written : char;
  });
}

/**
 * A redactor of a provider's `apiKey` and of the credentials among its `headers` and `options`, of 8 characters or more,
 * however an error writes them.
 */
export function createRedactor(config: Configured): Redactor {
  let patterns: readonly RegExp[] | undefined;
  const masked = (words: string): string =>
    (patterns ?? []).reduce((rest, pattern) => rest.replaceAll(pattern, MASK), words);
  const text = (words: string): string => {
    // Most providers never fail.
    patterns ??= secretsOf(config).map(disguisesOf);
    const clean = masked(words);
    const plain = withoutEscapes(clean);
    // JSON may escape what is a disguise already. Rewritten only then: an error passes as it was written.
    const rest = plain === clean ? clean : masked(plain);
    return rest === plain ? clean : rest;
  };
  return { text, bytes: (told) => redactBytes(told, text) };
}

/** A redactor that takes out of words what another function knows of, too. */
export function alsoWithout({ text: before }: Redactor, redact: (text: string) => string): Redactor {
  const text = (words: string): string => redact(before(words));
  return { text, bytes: (told) => redactBytes(told, text) };
}
