import { isObject } from '../../../../src/protocol/guards.ts';
import { openaiError, openaiHeaders, openaiRateHeaders, openaiRefusal } from './openai.ts';
import { lastAssistantText, sse, type Answer, type Wire, type WireAnswer } from './wire.ts';

function answer({ id, model, tokens, input, now, body }: Answer): WireAnswer {
  const options = isObject(body['stream_options']) ? body['stream_options'] : {};
  const base = { id: `chatcmpl-${id}`, created: Math.floor(now / 1000), model };
  const rest = { service_tier: 'default', system_fingerprint: 'fp_fault' };
  const usage = {
    prompt_tokens: input,
    completion_tokens: tokens.length,
    total_tokens: input + tokens.length,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
  const counted = options['include_usage'] === true;
  const padding = options['include_obfuscation'] === false ? {} : { obfuscation: 'qZ7' };
  const record = (choices: readonly object[], total: object | null) =>
    sse({
      ...base,
      object: 'chat.completion.chunk',
      ...rest,
      choices,
      ...(counted ? { usage: total } : {}),
      ...padding,
    });
  const chunk = (delta: object, finish: string | null = null) =>
    record([{ index: 0, delta, logprobs: null, finish_reason: finish }], null);
  const error = (busy: boolean) => ({ error: openaiError(busy ? 'busy' : 'error-500', model).error });
  return {
    streamType: 'text/event-stream; charset=utf-8',
    opening: [chunk({ role: 'assistant', content: '', refusal: null })],
    tokens: tokens.map((content) => chunk({ content })),
    closing: [chunk({}, 'stop'), ...(counted ? [record([], usage)] : [])],
    marker: 'data: [DONE]\n\n',
    malformed: `data: {"id":"${base.id}","object":"chat.completion.chunk","choices":[{"index":0,"del\n\n`,
    whole: JSON.stringify({
      ...base,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: tokens.join(''), refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      ...rest,
    }),
    failure: (_sent, busy) => [sse(error(busy))],
    failed: (busy) => JSON.stringify(error(busy)),
  };
}

/** OpenAI's chat completions, and what hosts make of them that go on with an assistant's message. */
export const openaiChat: Wire = {
  name: 'openai-chat',
  base: '/v1',
  path: '/chat/completions',
  jsonType: 'application/json',
  continues: true,
  streams: ({ stream }) => stream === true,
  prefill: ({ messages }) => lastAssistantText(messages),
  answer,
  refusal: openaiRefusal,
  headers: openaiHeaders,
  rateHeaders: openaiRateHeaders,
};
