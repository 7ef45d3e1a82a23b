import { createHash, type Hash } from 'node:crypto';

/** What makes two requests the same one. */
export interface KeyParts {
  /** Whose answers these are: the id of the caller's key, and the role. */
  readonly scope: readonly (string | undefined)[];
  /** What else the answer depends on: dialect, strategy, headers that go to the provider. */
  readonly context: readonly (string | undefined)[];
  /** The body, parsed. */
  readonly body: unknown;
}

/** Writes a value so that objects with the same members are the same text, in whatever order they came. */
function feed(hash: Hash, value: unknown): void {
  if (Array.isArray(value)) {
    hash.update(`[${value.length};`);
    for (const item of value) feed(hash, item);
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`{${members.length};`);
    for (const [name, member] of members) {
      hash.update(`${JSON.stringify(name)}:`);
      feed(hash, member);
    }
  } else hash.update(`${JSON.stringify(value) ?? 'null'};`);
}

/** SHA-256 of what makes a request this one, hex. Whitespace and the order of members make no difference; anything else does. */
export function cacheKey({ scope, context, body }: KeyParts): string {
  const hash = createHash('sha256');
  feed(hash, [scope.map((part) => part ?? null), context.map((part) => part ?? null), body]);
  return hash.digest('hex');
}
