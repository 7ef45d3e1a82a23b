import type { Clock } from '../clock.ts';
import type { ProviderConfig } from '../config/schema.ts';
import { checkHost } from './check-host.ts';
import { classify, MAX_ANSWER_BYTES, messageOf, retryAfterOf, tooLong } from './classify.ts';
import { headersOf } from './answer-headers.ts';
import { createForward, type ForwardHost } from './forward.ts';
import { createHostKeys } from './host-keys.ts';
import { onePiece } from './one-piece.ts';
import { errorBody, readStart } from './read-start.ts';
import { firstEvents, resume } from './first-event.ts';
import { beginsObject } from '../protocol/bytes.ts';
import { codecOf } from '../protocol/registry.ts';
import type { Dialect } from '../protocol/chat.ts';
import { dialectsOf, pathsOf, type Preset } from './presets.ts';
import { UpstreamFailure, type Provider, type UpstreamAnswer, type WireRequest } from './provider.ts';
import type { Redactor } from './redact.ts';
import type { Call, Transport } from './transport.ts';
import { firstTokenLimit, underWatch } from './under-watch.ts';
import type { CallWatch } from './watch.ts';
import type { WholeAnswer } from './whole-reader.ts';

/** URLs kept ready; one per model name. */
const MAX_URLS = 1000;

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

/** The address of a dialect: a version that the base URL ends with is not said twice. */
function joinUrl(base: string, path: string): string {
  return base.endsWith('/v1') && path.startsWith('/v1/') ? base + path.slice(3) : base + path;
}

/**
 * A model's name as one step of a path.
 * @throws UpstreamFailure for one that would be another path, or none.
 */
function stepOf(model: string): string {
  if (/^\.{1,2}$/.test(model) || /\p{Surrogate}/u.test(model)) {
    throw new UpstreamFailure('misconfigured', 'the model’s name cannot stand in a path', { unsent: true });
  }
  return encodeURIComponent(model);
}

/** The addresses of a host's dialects, kept ready per model name. */
function createUrls(name: string, base: string, preset: Preset, query: string) {
  const paths = pathsOf(preset);
  const urls = new Map<string, URL>();
  return (dialect: Dialect, model: string): URL => {
    const path = paths[dialect];
    if (path === undefined) {
      throw new UpstreamFailure('misconfigured', `${name} does not speak ${dialect}`, { unsent: true });
    }
    const full = path.replace('{model}', () => stepOf(model));
    const url = urls.get(full) ?? new URL(joinUrl(base, full) + query);
    // Callers can make names up.
    if (urls.size >= MAX_URLS) urls.clear();
    urls.set(full, url);
    return url;
  };
}

/** The addresses of requests that are passed on as they are. */
function rawUrls(base: string, { rawBase }: Preset, query: string): ForwardHost['urlOf'] {
  return (path, model) => {
    const of = model === undefined ? undefined : rawBase?.ofModel?.replace('{model}', () => stepOf(model));
    const full = joinUrl(base, (of ?? rawBase?.plain ?? '') + path);
    return new URL(full + (path.includes('?') ? query.replace('?', '&') : query));
  };
}

/** Any host of the presets, in whatever dialects it speaks. */
export function createHost(
  name: string,
  config: ProviderConfig,
  preset: Preset,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
): Provider {
  const base = (config.baseUrl ?? preset.baseUrl ?? '').replace(/\/+$/, '');
  // What the preset says holds unless the caller says it.
  const { headers: defaults = {}, ...rest } = preset;
  const keys = createHostKeys(config, rest);
  const version = config.apiVersion ?? preset.apiVersion;
  const query = version === undefined ? '' : `?api-version=${encodeURIComponent(version)}`;
  const elapsed = () => clock.elapsed();
  const urlOf = createUrls(name, base, preset, query);

  const refused = (
    { statusCode: status, headers: raw, body: told }: WholeAnswer,
    dialect: Dialect,
    redactor: Redactor,
  ): UpstreamFailure => {
    const headers = headersOf(raw);
    const body = redactor.bytes(told);
    const text = redactor.text(told.toString('utf8'));
    const retryAfter = retryAfterOf(headers, clock.now(), text);
    return new UpstreamFailure(classify(status, text), messageOf(status, text), {
      status,
      headers,
      body,
      dialect,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  };

  const taken = (answer: WholeAnswer, dialect: Dialect, redactor: Redactor): UpstreamAnswer => {
    const { statusCode: status, body } = answer;
    if (!isSuccess(status)) throw refused(answer, dialect, redactor);
    if (!beginsObject(body)) throw new UpstreamFailure('sick', 'the answer is not a JSON object', { status });
    const headers = headersOf(answer.headers);
    return { status, headers, dialect, streamed: false, body: onePiece(body), whole: body, redact: redactor.text };
  };

  const stream = async (call: Call, request: WireRequest, idle: number, watch: CallWatch): Promise<UpstreamAnswer> => {
    const { dialect } = request;
    const redactor = keys.redactor(request);
    const answer = await transport.send(call);
    const { statusCode: status, body } = answer;
    const headers = headersOf(answer.headers);
    if (!isSuccess(status)) throw refused({ ...answer, body: await errorBody(answer) }, dialect, redactor);
    const codec = codecOf(dialect);
    if (!(headers['content-type'] ?? '').toLowerCase().includes(codec.streamType)) {
      const bytes = await readStart(answer, MAX_ANSWER_BYTES);
      watch.end();
      if (bytes.length === MAX_ANSWER_BYTES) throw tooLong(status);
      return taken({ ...answer, body: bytes }, dialect, redactor);
    }
    const opened = await firstEvents(body, codec, redactor.text);
    watch.idle(idle);
    return { status, headers, dialect, streamed: true, body: resume(opened, watch), redact: redactor.text };
  };

  return {
    name,
    dialects: dialectsOf(preset),
    keys: keys.places,
    callerKey: config.callerKey,
    prefill: preset.prefill === true,
    simulated: false,
    streamUsage: preset.streamOptions,
    local: preset.local === true,
    call: (upstream, request, limits, signal) =>
      underWatch({ signal, elapsed, limit: firstTokenLimit(limits, request.stream) }, async (watch) => {
        const call = {
          url: urlOf(request.dialect, upstream.name),
          method: 'POST' as const,
          headers: { ...defaults, ...request.headers, ...keys.headers(request) },
          body: request.body,
          signal: watch.signal,
          connect: limits.connect,
        };
        if (request.stream) return stream(call, request, limits.idle, watch);
        const answer = await transport.sendWhole(call);
        watch.end();
        return taken(answer, request.dialect, keys.redactor(request));
      }),
    forward: createForward({ urlOf: rawUrls(base, preset, query), defaults, keys, transport, clock }),
    check: (signal) =>
      checkHost({ base, query, fixed: { ...defaults, ...keys.own }, preset, transport, key: keys.state }, signal),
  };
}
