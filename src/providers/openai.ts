import type { Clock } from '../clock.ts';
import type { ProviderConfig } from '../config/schema.ts';
import { checkHost } from './check-host.ts';
import { classify, MAX_ANSWER_BYTES, messageOf, networkFailure, retryAfterOf, tooLong } from './classify.ts';
import { errorBody, readStart } from './read-start.ts';
import { firstEvents, resume } from './first-event.ts';
import type { Preset } from './presets.ts';
import { UpstreamFailure, type Provider, type UpstreamAnswer } from './provider.ts';
import { createRedactor } from './redact.ts';
import type { Call, Transport } from './transport.ts';
import { watchCall, type CallWatch } from './watch.ts';
import type { WholeAnswer } from './whole-reader.ts';

/** URLs kept ready; one per model name. */
const MAX_URLS = 1000;

function headersOf(raw: WholeAnswer['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    if (typeof value === 'string') headers[name] = value;
    else if (value !== undefined) headers[name] = value.join(', ');
  }
  return headers;
}

function keyOf({ apiKey }: Pick<ProviderConfig, 'apiKey'>): string | undefined {
  const key = typeof apiKey === 'string' ? apiKey : apiKey?.[0];
  return key === '' ? undefined : key;
}

/** Headers of every call: the host's own, the configured ones, the key. */
export function baseHeaders(
  config: Pick<ProviderConfig, 'apiKey' | 'headers'>,
  preset: Preset,
): Record<string, string> {
  const key = keyOf(config);
  const auth: Record<string, string> =
    key === undefined ? {} : preset.auth === 'api-key' ? { 'api-key': key } : { authorization: `Bearer ${key}` };
  const own = Object.fromEntries(
    Object.entries(config.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    ...preset.headers,
    ...own,
    ...auth,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

async function* whole(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

/** Any OpenAI-compatible host: the chat completions wire. */
export function createOpenAI(
  name: string,
  config: ProviderConfig,
  preset: Preset,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
): Provider {
  const base = (config.baseUrl ?? preset.baseUrl ?? '').replace(/\/+$/, '');
  const fixed = baseHeaders(config, preset);
  const redactor = createRedactor(config);
  const version = config.apiVersion ?? preset.apiVersion;
  const query = version === undefined ? '' : `?api-version=${encodeURIComponent(version)}`;
  const chatPath = preset.chatPath ?? '/chat/completions';
  const urls = new Map<string, URL>();
  const urlOf = (model: string): URL => {
    const url = urls.get(model) ?? new URL(base + chatPath.replace('{model}', encodeURIComponent(model)) + query);
    // Callers can make names up.
    if (urls.size >= MAX_URLS) urls.clear();
    urls.set(model, url);
    return url;
  };

  const refused = ({ statusCode: status, headers: raw, body: told }: WholeAnswer): UpstreamFailure => {
    const headers = headersOf(raw);
    const body = redactor.bytes(told);
    const text = redactor.text(told.toString('utf8'));
    const retryAfter = retryAfterOf(headers, clock.now());
    return new UpstreamFailure(classify(status, text), messageOf(status, text), {
      status,
      headers,
      body,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  };

  const taken = (answer: WholeAnswer): UpstreamAnswer => {
    const { statusCode: status, body } = answer;
    if (!isSuccess(status)) throw refused(answer);
    if (body.find((byte) => byte > 0x20) !== 0x7b)
      throw new UpstreamFailure('sick', 'the answer is not a JSON object', { status });
    const headers = headersOf(answer.headers);
    return { status, headers, dialect: 'openai-chat', body: whole(body), whole: body, redact: redactor.text };
  };

  const stream = async (call: Call, idle: number, watch: CallWatch): Promise<UpstreamAnswer> => {
    const answer = await transport.send(call);
    const { statusCode: status, body } = answer;
    const headers = headersOf(answer.headers);
    if (!isSuccess(status)) throw refused({ ...answer, body: await errorBody(answer) });
    if (!(headers['content-type'] ?? '').includes('event-stream')) {
      const bytes = await readStart(answer, MAX_ANSWER_BYTES);
      watch.end();
      if (bytes.length === MAX_ANSWER_BYTES) throw tooLong(status);
      return taken({ ...answer, body: bytes });
    }
    const opened = await firstEvents(body, redactor.text);
    watch.idle(idle);
    return { status, headers, dialect: 'openai-chat', body: resume(opened, watch), redact: redactor.text };
  };

  return {
    name,
    dialect: 'openai-chat',
    simulated: false,
    streamUsage: preset.streamOptions,
    local: preset.local === true,
    async call(upstream, request, limits, signal) {
      if (signal.aborted) throw new UpstreamFailure('gone', 'the client left', { unsent: true });
      const watch = watchCall(signal, () => clock.elapsed());
      watch.limit(
        Math.min(limits.firstToken, limits.total),
        request.stream ? 'no first token within its limit' : 'no answer within timeouts.total',
      );
      try {
        const call = {
          url: urlOf(upstream.name),
          method: 'POST' as const,
          headers: { ...request.headers, ...fixed },
          body: request.body,
          signal: watch.signal,
          connect: limits.connect,
        };
        if (request.stream) return await stream(call, limits.idle, watch);
        const answer = await transport.sendWhole(call);
        watch.end();
        return taken(answer);
      } catch (error) {
        watch.end();
        throw watch.reason() ?? networkFailure(error);
      }
    },
    check: (signal) =>
      checkHost({ base, query, fixed, preset, transport, hasKey: keyOf(config) !== undefined }, signal),
  };
}
