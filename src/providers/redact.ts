import type { ProviderConfig } from '../config/schema.ts';
import { redactBytes } from '../protocol/redact-bytes.ts';

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

/** A redactor of a provider's `apiKey` and of the credentials among its `headers` and `options`, as exact strings of 8 characters or more. */
export function createRedactor(config: Configured): Redactor {
  const secrets = secretsOf(config);
  const text = (words: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), words);
  return { text, bytes: (told) => redactBytes(told, text) };
}
