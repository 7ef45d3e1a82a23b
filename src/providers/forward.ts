import type { Clock } from '../clock.ts';
import { asBuffer } from '../protocol/bytes.ts';
import { headersOf } from './answer-headers.ts';
import type { HostKeys } from './host-keys.ts';
import { classify, messageOf, networkFailure, retryAfterOf } from './classify.ts';
import { UpstreamFailure, type Provider, type RawAnswer } from './provider.ts';
import { errorBody } from './read-start.ts';
import type { Transport, TransportAnswer } from './transport.ts';
import { underWatch } from './under-watch.ts';
import type { CallWatch } from './watch.ts';

/** A host, as far as passing requests on needs it. */
export interface ForwardHost {
  /** The address of a path of OpenAI's API at the host, for the model that the request names, if it names one. */
  readonly urlOf: (path: string, model: string | undefined) => URL;
  /** Headers that the caller may say otherwise. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly keys: HostKeys;
  readonly transport: Transport;
  readonly clock: Clock;
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

/** Passes requests on to a host as they are, with its own key or the caller's. */
export function createForward({
  urlOf,
  defaults,
  keys,
  transport,
  clock,
}: ForwardHost): NonNullable<Provider['forward']> {
  const elapsed = () => clock.elapsed();
  return (request, limits, signal) => {
    const { method, path, model, headers, body } = request;
    const limit = { ms: limits.total, message: 'no answer within timeouts.total' };
    return underWatch({ signal, elapsed, limit }, async (watch): Promise<RawAnswer> => {
      // The caller's content type says how its body is cut; the host's own would not.
      const { 'content-type': _json, ...own } = keys.headers(request);
      const answer = await transport.send({
        url: urlOf(path, model),
        method,
        headers: { ...defaults, ...headers, ...own },
        ...(body === undefined ? {} : { body }),
        signal: watch.signal,
        connect: limits.connect,
      });
      const { statusCode: status } = answer;
      const told = headersOf(answer.headers);
      if (status < 400) return { status, headers: told, body: pass(answer, watch) };
      const refusal = keys.redactor(request).bytes(await errorBody(answer));
      watch.end();
      const text = asBuffer(refusal).toString('utf8');
      const failure = classify(status, text);
      const retryAfter = retryAfterOf(told, clock.now(), text);
      throw new UpstreamFailure(failure, messageOf(status, text), {
        status,
        headers: told,
        // It echoes parts of the key, which only a caller may see whose own it is.
        ...(failure === 'auth' && keys.state !== 'callers' ? {} : { body: refusal }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
    });
  };
}
