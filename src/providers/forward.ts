import type { Clock } from '../clock.ts';
import { headersOf } from './answer-headers.ts';
import { classify, messageOf, networkFailure } from './classify.ts';
import { UpstreamFailure, type Provider, type RawAnswer } from './provider.ts';
import { onePiece } from './one-piece.ts';
import { errorBody } from './read-start.ts';
import type { Transport, TransportAnswer } from './transport.ts';
import { underWatch } from './under-watch.ts';
import type { CallWatch } from './watch.ts';

/** A host, as far as passing requests on needs it. */
export interface ForwardHost {
  readonly base: string;
  /** Starts with `?`, or is empty. */
  readonly query: string;
  /** Headers of every call, per key. */
  readonly fixed: readonly Readonly<Record<string, string>>[];
  readonly transport: Transport;
  readonly clock: Clock;
  /** Takes the provider's keys out of an error. */
  readonly redact: (bytes: Uint8Array) => Uint8Array;
}

async function* pass(answer: TransportAnswer, watch: CallWatch): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer.body) yield Buffer.from(chunk);
  } catch (error) {
    throw watch.reason() ?? networkFailure(error);
  } finally {
    watch.end();
    answer.body.destroy();
  }
}

/** Passes requests on to a host as they are, with its own key. */
export function createForward({
  base,
  query,
  fixed,
  transport,
  clock,
  redact,
}: ForwardHost): NonNullable<Provider['forward']> {
  const elapsed = () => clock.elapsed();
  return ({ method, path, headers, body, key }, limits, signal) => {
    const limit = { ms: limits.total, message: 'no answer within timeouts.total' };
    return underWatch({ signal, elapsed, limit }, async (watch): Promise<RawAnswer> => {
      // The caller's content type says how its body is cut; the host's own would not.
      const { 'content-type': _json, ...own } = fixed[key] ?? {};
      const answer = await transport.send({
        url: new URL(base + path + (path.includes('?') ? query.replace('?', '&') : query)),
        method,
        headers: { ...headers, ...own },
        ...(body === undefined ? {} : { body }),
        signal: watch.signal,
        connect: limits.connect,
      });
      const { statusCode: status } = answer;
      const told = headersOf(answer.headers);
      if (status < 400) return { status, headers: told, body: pass(answer, watch) };
      const refusal = await errorBody(answer);
      watch.end();
      const text = refusal.toString('utf8');
      const failure = classify(status, text);
      // It echoes parts of the key.
      if (failure === 'auth') throw new UpstreamFailure(failure, messageOf(status, text), { status });
      return { status, headers: told, body: onePiece(redact(refusal)) };
    });
  };
}
