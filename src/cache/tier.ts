/** A place outside this process where answers are kept, under the hash of their request. */
export interface Tier {
  /** Undefined when it is not there, or its time is over. May reject; then the answer is made anew. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps it for `ttl` milliseconds. May reject; then it is not kept. */
  set(key: string, answer: Uint8Array, ttl: number): Promise<void>;
  /** Throws all of them away, where that can be done. */
  clear?(): Promise<void>;
}
