import type { AnswerBody } from '../flow/body.ts';

/**
 * An answer's bytes as the body of a `Response`: the only stream glue between the engine and the server.
 * Pull-based, so a slow reader slows the upstream, and a reader that leaves ends it.
 */
export function responseBody(body: AnswerBody): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  // The server writes bytes that it knows as a whole in one go, with a content-length.
  if (body.whole !== undefined) return body.whole as Uint8Array<ArrayBuffer>;
  const source = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await source.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
