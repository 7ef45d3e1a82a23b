import type { IncomingMessage } from 'node:http';
import { SignalboxError } from '../errors.ts';
import type { HeaderReader } from '../protocol/headers.ts';

/** The error of a body over the limit. */
export function tooLarge(limit: number): SignalboxError {
  return new SignalboxError(
    'body_too_large',
    `the body is larger than ${limit} bytes; server.maxBody in the configuration sets the limit`,
  );
}

/** @throws `body_too_large` when the caller announces more than `limit` bytes. */
function checkDeclared(header: HeaderReader, limit: number): void {
  if (Number(header('content-length') ?? 0) > limit) throw tooLarge(limit);
}

/**
 * The body's bytes from Node's server, read once and never more than `limit` of them.
 * @throws `body_too_large`, `client_closed`
 */
export function readIncoming(incoming: IncomingMessage, header: HeaderReader, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    checkDeclared(header, limit);
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: SignalboxError) => {
      incoming.removeAllListeners('data');
      reject(error);
    };
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) fail(tooLarge(limit));
      else chunks.push(chunk);
    });
    incoming.once('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    });
    const left = () =>
      fail(new SignalboxError('client_closed', 'the client closed the connection before its body was complete'));
    incoming.once('error', left);
    incoming.once('close', () => {
      if (!incoming.readableEnded) left();
    });
  });
}

/**
 * The bytes of a Fetch request's body.
 * @throws `body_too_large`
 */
export async function readRequest(request: Request, header: HeaderReader, limit: number): Promise<Uint8Array> {
  checkDeclared(header, limit);
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

/** How long the rest of a body that nobody wants may take before its connection is closed, milliseconds. */
const DISCARD_MS = 500;

/** Discards what is left of a body, so that its sender reads the answer instead of a reset connection. */
export function discardRest(incoming: IncomingMessage): void {
  if (incoming.readableEnded || incoming.destroyed) return;
  const late = setTimeout(() => incoming.socket.destroySoon(), DISCARD_MS);
  incoming.once('close', () => clearTimeout(late));
  incoming.resume();
}
