import type { ServerResponse } from 'node:http';
import type { AnswerBody } from '../flow/body.ts';
import type { Departure } from './departure.ts';
import type { Reply } from './reply.ts';

/**
 * An answer's bytes as the body of a `Response`. Pull-based, so a slow reader slows the upstream, and a reader that
 * leaves, or whoever aborts the request, ends it.
 */
function responseBody(body: AnswerBody, departure?: Departure): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  // Bytes that are known as a whole go out in one go, with a content-length.
  if (body.whole !== undefined) return body.whole as Uint8Array<ArrayBuffer>;
  const source = body[Symbol.asyncIterator]();
  let over = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const aborted = (): void => {
          if (over) return;
          over = true;
          controller.error(new DOMException('the request was aborted', 'AbortError'));
          // Nobody may ever read or cancel what was aborted.
          void source.return?.();
        };
        if (departure?.signal.aborted === true) aborted();
        else departure?.signal.addEventListener('abort', aborted);
      },
      async pull(controller) {
        const step = await source.next();
        if (over) return;
        if (step.done === true) {
          over = true;
          controller.close();
        } else controller.enqueue(step.value);
      },
      async cancel() {
        over = true;
        // A source in the middle of a read ends when the upstream call does.
        departure?.leave();
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Statuses of responses that have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Whether a response with this status is complete as it is. */
export function isBodiless(status: number): boolean {
  return BODILESS.has(status);
}

/** A reply as a Fetch `Response`; `departure` is told of its reader. */
export function toResponse({ status, headers, body }: Reply, departure?: Departure): Response {
  return new Response(isBodiless(status) ? null : responseBody(body, departure), {
    status,
    headers: { ...headers },
  });
}

/** Resolves when the response takes bytes again, or never will: a reader that takes none for `patience` milliseconds has left. */
function drained(outgoing: ServerResponse, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const stalled = setTimeout(() => outgoing.destroy(), patience);
    const done = () => {
      clearTimeout(stalled);
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}

/** One read upstream per write that the socket has taken; a reader that leaves ends the upstream call. */
async function pump(body: AnswerBody, outgoing: ServerResponse, patience: number): Promise<void> {
  const source = body[Symbol.asyncIterator]();
  outgoing.once('close', () => void source.return?.());
  // The head travels with the first bytes, which are here in the ordinary case.
  const late = setImmediate(() => outgoing.flushHeaders());
  for (;;) {
    const step = await source.next();
    clearImmediate(late);
    if (step.done === true || outgoing.destroyed) break;
    if (!outgoing.write(step.value)) await drained(outgoing, patience);
  }
  outgoing.end();
}

/** Sends a reply through Node's own response; `patience` is how long a reader of a stream may take no bytes, milliseconds. */
export async function sendReply(
  { status, headers, body }: Reply,
  outgoing: ServerResponse,
  patience: number,
): Promise<void> {
  if (outgoing.destroyed) {
    await body[Symbol.asyncIterator]().return?.();
    return;
  }
  const { whole } = body;
  if (whole === undefined) {
    outgoing.writeHead(status, headers);
    await pump(body, outgoing, patience);
    return;
  }
  outgoing.writeHead(status, { ...headers, 'content-length': whole.length });
  outgoing.end(whole);
}
