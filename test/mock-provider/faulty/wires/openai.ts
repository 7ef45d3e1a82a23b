import type { RateLimits, Refusal, RefusalKind, Wire } from './wire.ts';

/** A duration as Go writes it: `20ms`, `1.5s`, `6m0s`. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (ms < 60_000) return seconds;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/** `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`. */
export function openaiRateHeaders({ requests, tokens }: RateLimits): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, limit] of Object.entries({ requests, tokens })) {
    if (limit === undefined) continue;
    headers[`x-ratelimit-limit-${name}`] = String(limit.limit);
    headers[`x-ratelimit-remaining-${name}`] = String(limit.remaining);
    headers[`x-ratelimit-reset-${name}`] = goDuration(limit.resetMs);
  }
  return headers;
}

export const openaiHeaders: Wire['headers'] = (id) => ({
  'x-request-id': `req_${id}`,
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
});

type Row = readonly [status: number, type: string, code: string | null, message: string, param?: string];

const rows = (model: string): Readonly<Record<RefusalKind, Row>> => ({
  auth: [401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided: sk-fault*********tkey.'],
  // Without the usual "Please try again in …", so that nothing tells how long.
  busy: [
    429,
    'requests',
    'rate_limit_exceeded',
    `Rate limit reached for ${model} on requests per min (RPM): Limit 500.`,
  ],
  context: [
    400,
    'invalid_request_error',
    'context_length_exceeded',
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 12000 tokens. Please reduce the length of the messages.",
    'messages',
  ],
  'error-500': [500, 'server_error', null, 'The server had an error while processing your request. Sorry about that!'],
  filter: [
    400,
    'invalid_request_error',
    'content_policy_violation',
    'Your request was rejected as a result of our safety system.',
  ],
  'no-path': [404, 'invalid_request_error', null, 'Invalid URL'],
  'not-found': [
    404,
    'invalid_request_error',
    'model_not_found',
    `The model \`${model}\` does not exist or you do not have access to it.`,
  ],
  overloaded: [503, 'server_error', null, 'The engine is currently overloaded, please try again later'],
  prefill: [
    400,
    'invalid_request_error',
    'invalid_request_body',
    'This model does not support assistant message prefill. The conversation must end with a user message.',
    'messages',
  ],
  quota: [
    429,
    'insufficient_quota',
    'insufficient_quota',
    'You exceeded your current quota, please check your plan and billing details.',
  ],
  request: [400, 'invalid_request_error', null, 'We could not parse the JSON body of your request.'],
});

/** OpenAI's error object. */
export function openaiError(kind: RefusalKind, model: string, message?: string) {
  const [status, type, code, words, param = null] = rows(model)[kind];
  return { status, error: { message: message ?? words, type, param, code } };
}

export const openaiRefusal: Wire['refusal'] = (kind, { model, message }): Refusal => {
  const { status, error } = openaiError(kind, model, message);
  return { status, body: JSON.stringify({ error }) };
};
