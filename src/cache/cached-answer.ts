import { isObject } from '../protocol/guards.ts';

/** An answer that is kept: what its caller got, and what its making cost. */
export interface CachedAnswer {
  readonly contentType: string;
  /** Configured id of the model that gave it, and its provider. */
  readonly model: string;
  readonly provider: string;
  /** What it cost on the baseline model, nano-dollars; null when nobody knows. */
  readonly baselineCost: bigint | null;
  /** What could not be done as it was asked. */
  readonly warnings: readonly string[];
  /** For how long it is given again, epoch milliseconds. */
  readonly until: number;
  readonly body: Uint8Array;
}

/** First byte of what {@link encodeAnswer} writes: the layout's version. */
const VERSION = 3;

/** An answer as bytes, for a tier outside this process: a line of JSON, then the body. */
export function encodeAnswer({ body, baselineCost, ...rest }: CachedAnswer): Uint8Array {
  const head = JSON.stringify({ ...rest, baselineCost: baselineCost?.toString() ?? null });
  return Buffer.concat([Buffer.from([VERSION]), Buffer.from(`${head}\n`), body]);
}

/** The answer in bytes that {@link encodeAnswer} wrote; undefined for anything else, another version's included. */
export function decodeAnswer(bytes: Uint8Array): CachedAnswer | undefined {
  const end = bytes.indexOf(10);
  if (bytes[0] !== VERSION || end === -1) return undefined;
  try {
    const head: unknown = JSON.parse(Buffer.from(bytes.subarray(1, end)).toString());
    if (!isObject(head)) return undefined;
    const { contentType, model, provider, baselineCost, until, warnings } = head;
    if (typeof contentType !== 'string' || typeof model !== 'string' || typeof provider !== 'string') return undefined;
    if (typeof until !== 'number' || !Array.isArray(warnings)) return undefined;
    return {
      contentType,
      model,
      provider,
      baselineCost: typeof baselineCost === 'string' ? BigInt(baselineCost) : null,
      until,
      warnings: warnings.filter((warning) => typeof warning === 'string'),
      body: bytes.subarray(end + 1),
    };
  } catch {
    return undefined;
  }
}
