import type { ProviderConfig } from '../config/schema.ts';

/** Shorter keys are placeholders of local hosts, and words like any other. */
const MIN_LENGTH = 8;
/** Configured headers that carry a secret by their name. */
const CREDENTIAL = /auth|key|token|secret|cookie/i;
const MASK = '[key]';

/** Takes a provider's own keys out of what it says of its failures. */
export interface Redactor {
  text(text: string): string;
  /** The same bytes where no key is in them. */
  bytes(bytes: Uint8Array): Uint8Array;
}

/** Every secret that a provider is configured with, the longest first: one may begin with another. */
function secretsOf({ apiKey, headers = {} }: Pick<ProviderConfig, 'apiKey' | 'headers'>): string[] {
  const keys = typeof apiKey === 'string' ? [apiKey] : (apiKey ?? []);
  const inHeaders = Object.entries(headers)
    .filter(([name]) => CREDENTIAL.test(name))
    .map(([, value]) => value.replace(/^(?:Bearer|Basic) +/i, ''));
  return [...new Set([...keys, ...inHeaders])]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
}

/** A redactor of a provider's `apiKey` and of the credentials among its `headers`, as exact strings of 8 characters or more. */
export function createRedactor(config: Pick<ProviderConfig, 'apiKey' | 'headers'>): Redactor {
  const secrets = secretsOf(config);
  const text = (words: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), words);
  const bytes = (told: Uint8Array): Uint8Array => {
    const view = Buffer.from(told.buffer, told.byteOffset, told.byteLength);
    if (!secrets.some((secret) => view.includes(secret))) return told;
    // Keys are ASCII: what stands around them stays as it is, whatever its encoding.
    return Buffer.from(text(view.toString('latin1')), 'latin1');
  };
  return { text, bytes };
}
