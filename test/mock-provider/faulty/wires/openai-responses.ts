import { openaiError, openaiHeaders, openaiRateHeaders, openaiRefusal } from './openai.ts';
import { lastAssistantText, sse, type Answer, type Wire, type WireAnswer } from './wire.ts';

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The object that the events carry, as it is while it is made. */
function responseOf({ id, model, now, body }: Answer) {
  const asked = (name: string, otherwise: unknown) => body[name] ?? otherwise;
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: Math.floor(now / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: asked('instructions', null),
    max_output_tokens: asked('max_output_tokens', null),
    model,
    output: [] as readonly object[],
    parallel_tool_calls: true,
    previous_response_id: asked('previous_response_id', null),
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: asked('store', true),
    temperature: asked('temperature', 1),
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null as object | null,
    user: null,
    metadata: {},
  };
}

const part = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });

function answer(about: Answer): WireAnswer {
  const { id, model, tokens, input } = about;
  const text = tokens.join('');
  const begun = responseOf(about);
  const item = (status: string, content: readonly object[]) => ({
    id: `msg_${id}`,
    type: 'message',
    status,
    content,
    role: 'assistant',
  });
  const finished = item('completed', [part(text)]);
  const completed = {
    ...begun,
    status: 'completed',
    output: [finished],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: tokens.length,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + tokens.length,
    },
  };
  /** The number of an event is its place in the stream. */
  const numbered = (events: readonly Event[], from: number) =>
    events.map(({ type, ...rest }, n) => sse({ type, sequence_number: from + n, ...rest }, type));
  const place = { item_id: `msg_${id}`, output_index: 0, content_index: 0 };
  const opening: readonly Event[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
    { type: 'response.content_part.added', ...place, part: part('') },
  ];
  const deltas = tokens.map((delta) => ({
    type: 'response.output_text.delta',
    ...place,
    delta,
    logprobs: [],
    obfuscation: 'qZ7',
  }));
  const closing: readonly Event[] = [
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: part(text) },
    { type: 'response.output_item.done', output_index: 0, item: finished },
    { type: 'response.completed', response: completed },
  ];
  const errorOf = (busy: boolean) => openaiError(busy ? 'busy' : 'error-500', model).error;
  const failedAs = (busy: boolean) => {
    const { code, message } = errorOf(busy);
    return { ...begun, status: 'failed', error: { code: code ?? 'server_error', message } };
  };
  return {
    streamType: 'text/event-stream; charset=utf-8',
    opening: numbered(opening, 0),
    tokens: numbered(deltas, opening.length),
    closing: numbered(closing, opening.length + tokens.length),
    marker: '',
    malformed: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","seq\n\n',
    whole: JSON.stringify(completed),
    failure(sent, busy) {
      const { code, message, param } = errorOf(busy);
      return sent === undefined
        ? numbered([{ type: 'error', code: code ?? 'server_error', message, param }], 0)
        : numbered([{ type: 'response.failed', response: failedAs(busy) }], opening.length + sent);
    },
    // A response that failed is an object of its own, with status 200.
    failed: (busy) => JSON.stringify(failedAs(busy)),
  };
}

/** OpenAI's Responses. */
export const openaiResponses: Wire = {
  name: 'openai-responses',
  base: '/v1',
  path: '/responses',
  jsonType: 'application/json',
  continues: false,
  streams: ({ stream }) => stream === true,
  prefill: ({ input }) => lastAssistantText(input),
  answer,
  refusal: openaiRefusal,
  headers: openaiHeaders,
  rateHeaders: openaiRateHeaders,
};
