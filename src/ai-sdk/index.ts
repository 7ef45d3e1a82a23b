import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3StreamPart,
} from '@ai-sdk/provider';
import type { ChatOptions } from '../chat-options.ts';
import type { Signalbox } from '../library.ts';
import type { Reply } from '../reply.ts';
import { aiSdkError } from './error.ts';
import { finishOf, metadataOf, usageOf, warningsOf } from './finish.ts';
import { createPartWriter } from './parts.ts';
import { libraryCall, type SignalboxSettings } from './request.ts';

export type { SignalboxSettings } from './request.ts';

function contentOf({ text, reasoning, message }: Reply): LanguageModelV3Content[] {
  return [
    ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...(message.tool_calls ?? []).map(({ id, function: fn }) => ({
      type: 'tool-call' as const,
      toolCallId: id,
      toolName: fn.name,
      input: fn.arguments === '' ? '{}' : fn.arguments,
    })),
  ];
}

/** Who answered; the id is the decision's, for feedback. */
const responseOf = ({ decision, model }: Reply) => ({ id: decision.id, modelId: model });

const withSignal = (options: ChatOptions, signal: AbortSignal | undefined): ChatOptions =>
  signal === undefined ? options : { ...options, signal };

/** A source of parts as a stream; `leave` ends what the source waits for. */
function streamOf(
  parts: AsyncGenerator<LanguageModelV3StreamPart>,
  leave: () => void,
): ReadableStream<LanguageModelV3StreamPart> {
  return new ReadableStream({
    async pull(controller) {
      const step = await parts.next();
      if (step.done === true) controller.close();
      else controller.enqueue(step.value);
    },
    async cancel() {
      leave();
      await parts.return(undefined);
    },
  });
}

/**
 * The AI SDK's face of a box: its models as language models.
 *
 * @example
 * ```ts
 * const model = signalbox(box)('auto', { strategy: 'cost-first' });
 * const { textStream } = streamText({ model, prompt: 'Hello' });
 * ```
 * Failures are `APICallError`s with the status of Signalbox's error table; `cause` is the {@link SignalboxError}.
 */
export function signalbox(
  box: Pick<Signalbox, 'chat' | 'stream'>,
): (modelId: string, settings?: SignalboxSettings) => LanguageModelV3 {
  return (modelId, settings = {}) => {
    const call = (options: LanguageModelV3CallOptions, stream: boolean) => {
      try {
        return libraryCall(modelId, settings, options, stream);
      } catch (error) {
        throw aiSdkError(error, options.abortSignal);
      }
    };
    return {
      specificationVersion: 'v3',
      provider: 'signalbox',
      modelId,
      // Chat completions take the addresses of images; anything else travels with the request.
      supportedUrls: { 'image/*': [/^https?:\/\//] },
      async doGenerate(asked) {
        const { options, warnings } = call(asked, false);
        try {
          const reply = await box.chat(withSignal(options, asked.abortSignal));
          return {
            content: contentOf(reply),
            finishReason: finishOf(reply.finishReason),
            usage: usageOf(reply.usage),
            providerMetadata: metadataOf(reply),
            response: responseOf(reply),
            warnings: [...warnings, ...warningsOf(reply.warnings)],
          };
        } catch (error) {
          throw aiSdkError(error, asked.abortSignal);
        }
      },
      async doStream(asked) {
        const { options, warnings } = call(asked, true);
        const left = new AbortController();
        const { signal } = left;
        const ends = asked.abortSignal === undefined ? signal : AbortSignal.any([signal, asked.abortSignal]);
        const source = box.stream({ ...options, signal: ends });
        const events = source[Symbol.asyncIterator]();
        // What fails before the first event fails the call, so that the AI SDK may try it again.
        const first = await events.next().catch((error: unknown) => {
          throw aiSdkError(error, asked.abortSignal);
        });
        const parts = async function* (): AsyncGenerator<LanguageModelV3StreamPart> {
          const writer = createPartWriter();
          try {
            yield { type: 'stream-start', warnings: [...warnings, ...warningsOf(source.warnings)] };
            for (let step = first; step.done !== true; step = await events.next()) yield* writer.write(step.value);
            const reply = await source.final;
            yield* writer.end();
            yield { type: 'response-metadata', ...responseOf(reply) };
            yield {
              type: 'finish',
              finishReason: finishOf(reply.finishReason),
              usage: usageOf(reply.usage),
              providerMetadata: metadataOf(reply),
            };
          } catch (error) {
            // As a fetch that was aborted does: the stream itself fails.
            if (ends.aborted) throw aiSdkError(error, ends);
            yield { type: 'error', error: aiSdkError(error, ends) };
            yield { type: 'finish', finishReason: finishOf('error'), usage: usageOf(undefined) };
          } finally {
            await events.return?.();
          }
        };
        return { stream: streamOf(parts(), () => left.abort()) };
      },
    };
  };
}
