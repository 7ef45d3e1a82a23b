import { asBuffer } from './bytes.ts';

/** Takes keys out of bytes. Keys are ASCII: what stands around them stays as it is. */
export function redactBytes(bytes: Uint8Array, redact: (text: string) => string): Uint8Array {
  const text = asBuffer(bytes).toString('latin1');
  const clean = redact(text);
  return clean === text ? bytes : Buffer.from(clean, 'latin1');
}
