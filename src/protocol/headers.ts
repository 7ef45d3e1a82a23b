/** Reads a request header by its lower-case name. */
export type HeaderReader = (name: string) => string | undefined;

/** Request headers that go to the upstream beside `openai-*` and `anthropic-*`. */
const FORWARD = ['user-agent', 'x-request-id', 'openai-beta', 'anthropic-version', 'anthropic-beta'];

/** The caller's headers that go to the upstream: an allow-list, so that no credential or cookie can slip through. */
export function forwardable(header: HeaderReader): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of FORWARD) {
    const value = header(name);
    if (value !== undefined) headers[name] = value;
  }
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
