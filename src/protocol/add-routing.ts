import { asBuffer } from './bytes.ts';

/** Puts `routing` before the closing brace of a JSON object; every other byte stays. */
export function addRouting(body: Uint8Array, routing: unknown): Uint8Array {
  const bytes = asBuffer(body);
  const close = bytes.lastIndexOf('}');
  if (close === -1) return body;
  const empty = /\{\s*$/.test(bytes.subarray(0, close).toString('latin1').slice(-64));
  return Buffer.concat([
    bytes.subarray(0, close),
    Buffer.from(`${empty ? '' : ','}"routing":${JSON.stringify(routing)}`),
    bytes.subarray(close),
  ]);
}
