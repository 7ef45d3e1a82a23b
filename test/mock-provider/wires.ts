/** An answer as one provider's wire says it. */
export interface WireAnswer {
  /** Content type of a stream. */
  readonly streamType: string;
  /** Records before the first token. */
  readonly opening: readonly string[];
  /** One record per token. */
  readonly tokens: readonly string[];
  /** Records that say why the answer ended, and its usage. */
  readonly closing: readonly string[];
  /** The dialect's own end, where it is a record of its own. */
  readonly end: string;
  readonly whole: string;
  readonly malformed: string;
  /** An error inside a stream. */
  readonly failure: string;
}

/** What every wire tells of an answer's size. */
export interface AnswerSize {
  readonly input: number;
  readonly output: number;
}

type Write = (tokens: readonly string[], size: AnswerSize, includeUsage: boolean) => WireAnswer;

const sse = (data: object, event?: string) =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

const openaiChat: Write = (tokens, { input, output }, includeUsage) => {
  const base = { id: 'chatcmpl-mock', created: 1_760_000_000, model: 'mock-model' };
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const chunk = (delta: object, finish: string | null = null) =>
    sse({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  return {
    streamType: 'text/event-stream',
    opening: [chunk({ role: 'assistant', content: '' })],
    tokens: tokens.map((content) => chunk({ content })),
    closing: [
      chunk({}, 'stop'),
      ...(includeUsage ? [sse({ ...base, object: 'chat.completion.chunk', choices: [], usage })] : []),
    ],
    end: 'data: [DONE]\n\n',
    whole: JSON.stringify({
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: tokens.join('') }, finish_reason: 'stop' }],
      usage,
    }),
    malformed: 'data: {"choices":[{"index":0,"del\n\n',
    failure: sse({ error: { message: 'the server had an error', type: 'server_error' } }),
  };
};

const anthropic: Write = (tokens, { input, output }) => {
  const message = { id: 'msg_mock', type: 'message', role: 'assistant', model: 'mock-model' };
  const event = (body: { type: string } & Record<string, unknown>) => sse(body, body.type);
  return {
    streamType: 'text/event-stream',
    opening: [
      event({
        type: 'message_start',
        message: {
          ...message,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: input, output_tokens: 1 },
        },
      }),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      event({ type: 'ping' }),
    ],
    tokens: tokens.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    closing: [
      event({ type: 'content_block_stop', index: 0 }),
      event({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: output },
      }),
    ],
    end: event({ type: 'message_stop' }),
    whole: JSON.stringify({
      ...message,
      content: [{ type: 'text', text: tokens.join('') }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: input, output_tokens: output },
    }),
    malformed: 'event: content_block_delta\ndata: {"type":"content_bl\n\n',
    failure: event({ type: 'error', error: { type: 'api_error', message: 'Internal server error' } }),
  };
};

const ollama: Write = (tokens, { input, output }) => {
  const base = { model: 'mock-model', created_at: '2026-01-01T00:00:00.000Z' };
  const line = (body: object) => `${JSON.stringify({ ...base, ...body })}\n`;
  const last = {
    done: true,
    done_reason: 'stop',
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: input,
    prompt_eval_duration: 1_000_000,
    eval_count: output,
    eval_duration: 3_000_000,
  };
  return {
    streamType: 'application/x-ndjson',
    opening: [],
    tokens: tokens.map((content) => line({ message: { role: 'assistant', content }, done: false })),
    closing: [line({ message: { role: 'assistant', content: '' }, ...last })],
    end: '',
    whole: JSON.stringify({ ...base, message: { role: 'assistant', content: tokens.join('') }, ...last }),
    malformed: '{"model":"mock-model","mess\n',
    failure: '{"error":"an error was encountered while running the model"}\n',
  };
};

const openaiResponses: Write = (tokens, { input, output }) => {
  const text = tokens.join('');
  const item = { id: 'msg_mock', type: 'message', role: 'assistant' };
  const part = (words: string) => ({ type: 'output_text', text: words, annotations: [] });
  const response = (status: string, rest: object) => ({
    id: 'resp_mock',
    object: 'response',
    created_at: 1_760_000_000,
    status,
    model: 'mock-model',
    ...rest,
  });
  const complete = response('completed', {
    output: [{ ...item, status: 'completed', content: [part(text)] }],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + output,
    },
  });
  let sequence = 0;
  const event = (body: { type: string } & Record<string, unknown>) =>
    sse({ ...body, sequence_number: sequence++ }, body.type);
  const place = { item_id: 'msg_mock', output_index: 0, content_index: 0 };
  return {
    streamType: 'text/event-stream',
    opening: [
      event({ type: 'response.created', response: response('in_progress', { output: [] }) }),
      event({ type: 'response.in_progress', response: response('in_progress', { output: [] }) }),
      event({
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...item, status: 'in_progress', content: [] },
      }),
      event({ type: 'response.content_part.added', ...place, part: part('') }),
    ],
    tokens: tokens.map((delta) => event({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    closing: [
      event({ type: 'response.output_text.done', ...place, text, logprobs: [] }),
      event({ type: 'response.content_part.done', ...place, part: part(text) }),
      event({
        type: 'response.output_item.done',
        output_index: 0,
        item: { ...item, status: 'completed', content: [part(text)] },
      }),
    ],
    end: event({ type: 'response.completed', response: complete }),
    whole: JSON.stringify(complete),
    malformed: 'event: response.output_text.delta\ndata: {"type":"response.outp\n\n',
    failure: event({
      type: 'response.failed',
      response: response('failed', { output: [], error: { code: 'server_error', message: 'The server had an error' } }),
    }),
  };
};

/** The wires by the end of their path. */
export const WIRES: readonly { readonly name: string; readonly path: string; readonly write: Write }[] = [
  { name: 'openai-chat', path: '/chat/completions', write: openaiChat },
  { name: 'openai-responses', path: '/responses', write: openaiResponses },
  { name: 'anthropic', path: '/messages', write: anthropic },
  { name: 'ollama', path: '/api/chat', write: ollama },
];

/** The text of the assistant's message at the end of a request, which some providers go on with. */
export function prefillOf(body: { readonly messages?: readonly { role: string; content: unknown }[] }): string {
  const last = body.messages?.at(-1);
  if (last?.role !== 'assistant') return '';
  if (typeof last.content === 'string') return last.content;
  return Array.isArray(last.content)
    ? last.content.map((part: { readonly text?: string }) => part.text ?? '').join('')
    : '';
}
