/** The same bytes as a `Buffer`; nothing is copied. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Bytes as UTF-8 text. */
export function utf8(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}

const SPACE = 0x20;
const OPEN_BRACE = 0x7b;

/** Whether bytes begin as a JSON object does. */
export function beginsObject(bytes: Uint8Array): boolean {
  return bytes.find((byte) => byte > SPACE) === OPEN_BRACE;
}
