import { lastAssistantText, sse, type Answer, type RefusalKind, type Wire, type WireAnswer } from './wire.ts';

const event = (data: { readonly type: string } & Readonly<Record<string, unknown>>) => sse(data, data.type);

const rows = (
  model: string,
): Readonly<Record<RefusalKind, readonly [status: number, type: string, message: string]>> => ({
  auth: [401, 'authentication_error', 'invalid x-api-key'],
  busy: [429, 'rate_limit_error', "This request would exceed your account's rate limit. Please try again later."],
  context: [400, 'invalid_request_error', 'prompt is too long: 212000 tokens > 200000 maximum'],
  'error-500': [500, 'api_error', 'Internal server error'],
  filter: [400, 'invalid_request_error', 'Output blocked by content filtering policy'],
  'no-path': [404, 'not_found_error', 'Not Found'],
  'not-found': [404, 'not_found_error', `model: ${model}`],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
  prefill: [
    400,
    'invalid_request_error',
    'This model does not support assistant message prefill. The conversation must end with a user message.',
  ],
  // Its status is that of a wrong request.
  quota: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  ],
  request: [400, 'invalid_request_error', 'The request body is not valid JSON'],
});

function answer({ id, model, tokens, input }: Answer): WireAnswer {
  const cached = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const usage = (output: number) => ({
    input_tokens: input,
    ...cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: 'standard',
  });
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model };
  const error = (busy: boolean) => {
    const [, type, words] = rows(model)[busy ? 'overloaded' : 'error-500'];
    return { type: 'error', error: { details: null, type, message: words }, request_id: `req_${id}` };
  };
  const opening = [
    event({
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: usage(1) },
    }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    event({ type: 'ping' }),
  ];
  return {
    streamType: 'text/event-stream; charset=utf-8',
    opening,
    tokens: tokens.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    closing: [
      event({ type: 'content_block_stop', index: 0 }),
      event({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { input_tokens: input, ...cached, output_tokens: tokens.length },
      }),
    ],
    marker: event({ type: 'message_stop' }),
    malformed: 'event: content_block_delta\ndata: {"type":"content_block_delta","ind\n\n',
    whole: JSON.stringify({
      ...message,
      content: [{ type: 'text', text: tokens.join('') }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: usage(tokens.length),
    }),
    failure: (_sent, busy) => [event(error(busy))],
    failed: (busy) => JSON.stringify(error(busy)),
  };
}

/** Anthropic's Messages. */
export const anthropic: Wire = {
  name: 'anthropic',
  base: '/v1',
  path: '/messages',
  jsonType: 'application/json',
  continues: true,
  streams: ({ stream }) => stream === true,
  prefill: ({ messages }) => lastAssistantText(messages),
  objection(body, headers) {
    if (headers['anthropic-version'] === undefined) return 'anthropic-version: header is required';
    if (body['max_tokens'] === undefined) return 'max_tokens: Field required';
    const trailing = /\s$/.test(lastAssistantText(body['messages']));
    return trailing ? 'messages: final assistant content cannot end with trailing whitespace' : undefined;
  },
  answer,
  refusal(kind, { id, model, message }) {
    const [status, type, words] = rows(model)[kind];
    const error = { type, message: message ?? words };
    return { status, body: JSON.stringify({ type: 'error', error, request_id: `req_${id}` }) };
  },
  headers: (id) => ({
    'request-id': `req_${id}`,
    'anthropic-organization-id': 'org-fault',
    'cache-control': 'no-cache',
  }),
  rateHeaders({ requests, tokens, inputTokens, outputTokens }, now) {
    const headers: Record<string, string> = {};
    const limits = { requests, tokens, 'input-tokens': inputTokens, 'output-tokens': outputTokens };
    for (const [name, limit] of Object.entries(limits)) {
      if (limit === undefined) continue;
      headers[`anthropic-ratelimit-${name}-limit`] = String(limit.limit);
      headers[`anthropic-ratelimit-${name}-remaining`] = String(limit.remaining);
      headers[`anthropic-ratelimit-${name}-reset`] = new Date(now + limit.resetMs)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z');
    }
    return headers;
  },
};
