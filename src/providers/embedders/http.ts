import { classify, messageOf, networkFailure } from '../classify.ts';
import { UpstreamFailure } from '../provider.ts';
import { errorBody, readStart } from '../read-start.ts';
import type { Redactor } from '../redact.ts';
import type { Transport } from '../transport.ts';

const CONNECT_MS = 5000;
/** More than a full batch of the longest vectors. */
const MAX_BYTES = 64 * 2 ** 20;

/** An embeddings endpoint with all that a call needs. */
export interface Endpoint {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Transport;
  /** Of the key among the headers. */
  readonly redactor: Redactor;
}

/**
 * Posts JSON and gives the answer's JSON.
 * @throws UpstreamFailure
 */
export async function postJson(endpoint: Endpoint, body: object, signal: AbortSignal): Promise<unknown> {
  const { url, headers, transport, redactor } = endpoint;
  let bytes: Buffer;
  try {
    const answer = await transport.send({
      url,
      method: 'POST',
      headers,
      body: Buffer.from(JSON.stringify(body)),
      signal,
      connect: CONNECT_MS,
    });
    const { statusCode } = answer;
    if (statusCode < 200 || statusCode > 299) {
      const text = redactor.text((await errorBody(answer)).toString('utf8'));
      throw new UpstreamFailure(classify(statusCode, text), messageOf(statusCode, text), { status: statusCode });
    }
    bytes = await readStart(answer, MAX_BYTES);
  } catch (error) {
    if (signal.aborted) throw new UpstreamFailure('silent', 'the embedder did not answer in time', { cause: error });
    throw networkFailure(error);
  }
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new UpstreamFailure('sick', 'the embedder’s answer is not JSON', { cause });
  }
}
