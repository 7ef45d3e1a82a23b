import autocannon from 'autocannon';

/** What is sent: about 400 bytes. */
export function requestBody(model: string, stream: boolean): string {
  const content =
    'Explain in two sentences why the sky is blue at noon and red in the evening, so that a child of ten can follow, and then name one planet where it is not so. Keep the tone friendly and do not use any formula or unit.';
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You are a patient teacher who answers briefly and correctly.' },
      { role: 'user', content },
    ],
    max_tokens: 200,
    temperature: 0.7,
    ...(stream ? { stream: true } : {}),
  });
}

export interface LoadOptions {
  readonly url: string;
  readonly model: string;
  readonly stream: boolean;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Left out: chat completions. The body is one that Anthropic's Messages take too. */
  readonly path?: string;
}

const CHAT = '/v1/chat/completions';

/** Requests per second over 32 connections; throws when any request failed. */
export async function load(options: LoadOptions): Promise<number> {
  const { url, model, stream, seconds, headers = {}, path = CHAT } = options;
  const result = await autocannon({
    url: url + path,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: requestBody(model, stream),
    connections: 32,
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  }
  return result.requests.total / result.duration;
}
