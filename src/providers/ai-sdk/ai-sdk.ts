import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { Clock } from '../../clock.ts';
import type { ProviderConfig } from '../../config/schema.ts';
import type { EncoderOptions } from '../../protocol/codec.ts';
import { codecOf } from '../../protocol/registry.ts';
import { firstEvents, resume } from '../first-event.ts';
import type { Provider, UpstreamAnswer, UpstreamFailure, WireRequest } from '../provider.ts';
import { onePiece } from '../one-piece.ts';
import { createRedactor } from '../redact.ts';
import { firstTokenLimit, underWatch } from '../under-watch.ts';
import type { CallWatch } from '../watch.ts';
import { resultEvents } from './answer.ts';
import { callOptions } from './call-options.ts';
import { failureOf } from './failure.ts';
import { loadModels, type Models } from './load.ts';
import { createSignatures } from './signatures.ts';
import { streamBytes } from './stream-bytes.ts';
import { unlessEnded } from './unless-ended.ts';

const dialect = 'openai-chat';
const codec = codecOf(dialect);

/** One call, ready to be made. */
interface Asked {
  readonly model: LanguageModelV3;
  readonly options: LanguageModelV3CallOptions;
  readonly encoder: EncoderOptions;
}

const lowerCase = (headers: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The models of a package per key of the pool; loaded when they are first wanted. */
function createPool(config: ProviderConfig, keys: readonly string[]): (key: number) => Promise<Models> {
  const loaded = new Map<number, Promise<Models>>();
  return (key) => {
    const models = loaded.get(key) ?? loadModels(config, keys[key]);
    loaded.set(key, models);
    // Next time the package may be there.
    models.catch(() => loaded.delete(key));
    return models;
  };
}

/** Any package of the AI SDK's that has language models, as an upstream that speaks chat completions. */
export function createAiSdk(name: string, config: ProviderConfig, clock: Clock): Provider {
  const keys = typeof config.apiKey === 'string' ? [config.apiKey] : (config.apiKey ?? []);
  const redactor = createRedactor(config);
  const failures = { now: () => clock.now(), redact: redactor.text };
  const modelsOf = createPool(config, keys);
  const signatures = createSignatures();
  let answers = 0;

  const ask = async (upstream: string, request: WireRequest, abortSignal: AbortSignal, watch: CallWatch) => {
    const parsed: unknown = JSON.parse(Buffer.from(request.body).toString('utf8'));
    const models = await unlessEnded(modelsOf(request.key), watch);
    const model = models(upstream);
    const options = callOptions(codec.parse(parsed), model.provider, signatures.of(upstream));
    const encoder = {
      id: `${name}-${clock.now()}-${answers++}`,
      model: upstream,
      createdAt: Math.floor(clock.now() / 1000),
      inputTokens: 0,
      includeUsage: codec.asksForUsage(parsed),
    };
    return { model, options: { ...options, abortSignal }, encoder };
  };

  const whole = async ({ model, options, encoder }: Asked, watch: CallWatch): Promise<UpstreamAnswer> => {
    const result = await unlessEnded(model.doGenerate(options), watch);
    for (const part of result.content) if (part.type === 'tool-call') signatures.keep(encoder.model, part);
    const body = Buffer.from(codec.writeWhole(resultEvents(result), encoder));
    watch.end();
    const headers = { ...lowerCase(result.response?.headers), 'content-type': 'application/json' };
    return { status: 200, headers, dialect, streamed: false, body: onePiece(body), whole: body };
  };

  const stream = async (asked: Asked, watch: CallWatch, idle: number, end: () => void): Promise<UpstreamAnswer> => {
    const { model, options, encoder } = asked;
    const result = await unlessEnded(model.doStream(options), watch);
    const bytes = streamBytes(result.stream, {
      codec,
      encoder,
      watch,
      failures,
      look: (part) => void (part.type === 'tool-call' && signatures.keep(encoder.model, part)),
      end,
    });
    const opened = await firstEvents(bytes, codec, redactor.text);
    watch.idle(idle);
    const headers = { ...lowerCase(result.response?.headers), 'content-type': codec.streamType };
    return { status: 200, headers, dialect, streamed: true, body: resume(opened, watch) };
  };

  return {
    name,
    dialects: [dialect],
    keys: Math.max(1, keys.length),
    prefill: false,
    simulated: false,
    streamUsage: true,
    local: false,
    call(upstream, request, limits, signal) {
      const ended = new AbortController();
      const end = () => ended.abort();
      const failed = (error: unknown): UpstreamFailure => {
        end();
        return failureOf(error, failures);
      };
      const limit = firstTokenLimit(limits, request.stream);
      return underWatch({ signal, elapsed: () => clock.elapsed(), limit, failureOf: failed }, async (watch) => {
        watch.signal.once('abort', end);
        const asked = await ask(upstream.name, request, ended.signal, watch);
        return request.stream ? stream(asked, watch, limits.idle, end) : whole(asked, watch);
      });
    },
    async check() {
      try {
        await modelsOf(0);
        return {
          ok: true,
          detail: `package ${config.package ?? ''} is there; whether its key works shows with a call`,
        };
      } catch (error) {
        return { ok: false, detail: failureOf(error, failures).message };
      }
    },
  };
}
