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

function brokenOff(): SignalboxError {
  return new SignalboxError('client_closed', 'the client closed the connection before its body was complete');
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
    const left = () => fail(brokenOff());
    incoming.once('error', left);
    incoming.once('close', () => {
      if (!incoming.readableEnded) left();
    });
  });
}

/** @throws `client_closed` when the body breaks off. */
async function* piecesOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    yield* body;
  } catch {
    throw brokenOff();
  }
}

/**
 * The bytes of a Fetch request's body, never more than `limit` of them.
 * @throws `body_too_large`, `client_closed`
 */
export async function readRequest(request: Request, header: HeaderReader, limit: number): Promise<Uint8Array> {
  checkDeclared(header, limit);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of piecesOf(request)) {
    size += piece.length;
    if (size > limit) throw tooLarge(limit);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
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
