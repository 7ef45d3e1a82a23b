import { MAX_ERROR_BYTES } from './classify.ts';
import type { TransportAnswer } from './transport.ts';

/** The beginning of an answer's body, `limit` bytes of it at most; the rest is not read. */
export async function readStart(answer: TransportAnswer, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer.body) {
    const bytes = Buffer.from(part);
    parts.push(bytes);
    size += bytes.length;
    if (size >= limit) break;
  }
  return Buffer.concat(parts).subarray(0, limit);
}

/** As much of an error's body as its message needs. */
export function errorBody(answer: TransportAnswer): Promise<Buffer> {
  return readStart(answer, MAX_ERROR_BYTES);
}
