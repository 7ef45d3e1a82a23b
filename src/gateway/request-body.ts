import type { IncomingMessage } from 'node:http';
import { SignalboxError } from '../errors.ts';

/** The error of a body over the limit. */
export function tooLarge(limit: number): SignalboxError {
  return new SignalboxError(
    'body_too_large',
    `the body is larger than ${limit} bytes; server.maxBody in the configuration sets the limit`,
  );
}

function declaredLength(header: string | null | undefined): number {
  const length = Number(header ?? 0);
  return Number.isFinite(length) ? length : 0;
}

function readIncoming(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
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
 * The body's bytes, read once and never more than `limit` of them.
 * @throws `body_too_large`, `client_closed`
 */
export async function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  limit: number,
): Promise<Uint8Array> {
  if (incoming !== undefined) {
    if (declaredLength(incoming.headers['content-length']) > limit) throw tooLarge(limit);
    return readIncoming(incoming, limit);
  }
  if (declaredLength(request.headers.get('content-length')) > limit) throw tooLarge(limit);
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}
