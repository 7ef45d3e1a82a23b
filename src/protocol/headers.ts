/** Reads a request header by its lower-case name. */
export type HeaderReader = (name: string) => string | undefined;

/** Request headers that go to the upstream beside `openai-*` and `anthropic-*`. */
const FORWARD = ['user-agent', 'x-request-id'];
/** What a name of a credential holds, whoever's prefix it has. */
const CREDENTIAL = /key|token|secret|auth|credential|cookie/;

function isVendors(name: string): boolean {
  return (name.startsWith('openai-') || name.startsWith('anthropic-')) && !CREDENTIAL.test(name);
}

/**
 * The caller's headers that go to the upstream, of those it sent (lower-case `names`): an allow-list, so that no
 * credential, cookie or forwarding header can slip through.
 */
export function forwardable(header: HeaderReader, names: Iterable<string>): Record<string, string> {
  const headers: Record<string, string> = {};
  const take = (name: string) => {
    const value = header(name);
    if (value !== undefined) headers[name] = value;
  };
  for (const name of FORWARD) take(name);
  for (const name of names) if (isVendors(name)) take(name);
  return headers;
}

const RETURN = new Set([
  'content-type',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-request-id',
  'request-id',
  'openai-processing-ms',
  'openai-version',
  'openai-model',
]);

function returns(name: string): boolean {
  return RETURN.has(name) || name.startsWith('x-ratelimit-') || name.startsWith('anthropic-ratelimit-');
}

/** Adds an upstream's headers that go back to the caller: rate limits, request ids, content type. */
export function addReturnable(to: Record<string, string>, upstream: Readonly<Record<string, string>>): void {
  for (const name in upstream) {
    const value = upstream[name];
    if (value !== undefined && returns(name)) to[name] = value;
  }
}
