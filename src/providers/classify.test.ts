import { describe, expect, it } from 'vitest';
import { classify, failureInside, retryAfterOf } from './classify.ts';
import { rejectsPrefill } from './phrases.ts';

const message = (words: string, rest: object = {}): string => JSON.stringify({ error: { message: words, ...rest } });

describe('money that has run out is quota, whatever the status', () => {
  it.each([
    [
      'OpenAI',
      429,
      message('You exceeded your current quota, please check your plan.', { code: 'insufficient_quota' }),
    ],
    ['OpenAI, hard limit', 400, message('Billing hard limit has been reached', { code: 'billing_hard_limit_reached' })],
    ['OpenAI, no account', 429, message('Your account is not active', { code: 'billing_not_active' })],
    ['Anthropic', 400, message('Your credit balance is too low to access the Anthropic API.')],
    ['Anthropic, limit', 400, message('You have reached your specified API usage limits.')],
    ['Anthropic, invoice', 402, message('…', { type: 'billing_error' })],
    ['OpenRouter', 402, message('This request requires more credits, or fewer max_tokens.')],
    ['OpenRouter, key', 403, message('Key limit exceeded (total limit).')],
    ['DeepSeek', 402, message('Insufficient Balance')],
    [
      'Google, a day',
      429,
      message('You exceeded your current quota.', { details: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }),
    ],
    ['Azure', 403, '{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 05:12."}'],
    ['Mistral', 429, '{"message":"You exceeded your monthly quota."}'],
    ['Groq', 400, message('Spend limit', { code: 'blocked_api_access' })],
    [
      'Together',
      402,
      message('Credit limit exceeded. Please navigate to …/settings/billing', { type: 'credit_limit' }),
    ],
    ['xAI', 403, message('Your team has either used all available credits or reached its monthly spending limit.')],
  ])('%s (%i)', (_name, status, body) => expect(classify(status, body)).toBe('quota'));
});

describe('a rate limit is busy, even where it talks of money', () => {
  it.each([
    ['OpenAI', message('Rate limit reached. You can increase it by adding a payment method at …/account/billing.')],
    [
      'Google, a minute',
      message('You exceeded your current quota, please check your plan and billing details.', {
        details: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }, { retryDelay: '22s' }],
      }),
    ],
    ['Azure', message('…exceeded token rate limit of your pricing tier. See https://aka.ms/oai/quotaincrease')],
    ['Together', message('You have been rate limited. Navigate to …/settings/billing', { type: 'credit_limit' })],
    ['Mistral', '{"message":"Requests rate limit exceeded"}'],
    ['nothing said', ''],
  ])('%s', (_name, body) => expect(classify(429, body)).toBe('busy'));
});

describe('a request that is larger than the window is context', () => {
  it.each([
    ['OpenAI', 400, message('This model’s window is smaller.', { code: 'context_length_exceeded' })],
    ['OpenAI, Responses', 400, message('Your input exceeds the context window of this model.')],
    ['Anthropic', 400, message('prompt is too long: 213462 tokens > 200000 maximum')],
    ['Anthropic, with its answer', 400, message('input length and `max_tokens` exceed context limit: 190000 + 20000')],
    ['Anthropic, bytes', 413, message('Request exceeds the maximum size', { type: 'request_too_large' })],
    ['Ollama', 500, '{"error":"the input length exceeds the context length"}'],
    ['llama.cpp', 400, message('request (4390 tokens) exceeds the available context size (4096 tokens)')],
    ['llama.cpp, while it writes', 500, message('Context size has been exceeded.', { type: 'server_error' })],
    ['vLLM', 400, '{"message":"The decoder prompt (length 5000) is longer than the maximum model length of 4096."}'],
    ['vLLM, chat', 400, message("This model's maximum context length is 4096 tokens. However, you requested 5000")],
    ['LM Studio', 400, '{"error":"However, the model is loaded with context length of only 4096 tokens"}'],
    ['Google', 400, message('The input token count (1196265) exceeds the maximum number of tokens allowed')],
    ['xAI', 400, '{"error":"This model\'s maximum prompt length is 131072 but the request contains 537812 tokens."}'],
    ['Groq', 400, message('Please reduce the length of the messages or completion.')],
    ['Together', 422, message('`inputs` tokens + `max_new_tokens` must be <= 8193.')],
    ['Bedrock', 400, '{"message":"Input is too long for requested model."}'],
  ])('%s (%i)', (_name, status, body) => expect(classify(status, body)).toBe('context'));

  it('but a limit on the answer is the request’s fault', () => {
    expect(classify(400, message('max_tokens is too large: 100000. This model supports at most 16384.'))).toBe(
      'request',
    );
  });
});

describe('a content policy is filter', () => {
  it.each([
    ['OpenAI', 400, message('…', { code: 'content_policy_violation' })],
    ['OpenAI, by its words', 400, message('Your request was rejected as a result of our safety system.')],
    ['Azure', 400, message('…', { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } })],
    ['Anthropic', 400, message('Output blocked by content filtering policy')],
    ['DeepSeek', 400, message('Content Exists Risk')],
    ['xAI', 403, '{"error":"Content violates usage guidelines."}'],
    ['OpenRouter', 403, message('Your chosen model requires moderation and your input was flagged')],
  ])('%s (%i)', (_name, status, body) => expect(classify(status, body)).toBe('filter'));
});

describe('a host that is only loaded is not sick', () => {
  it.each([
    ['llama.cpp loads a model', 503, message('Loading model', { type: 'unavailable_error' })],
    ['Ollama has a full queue', 503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}'],
    ['Ollama loads', 500, '{"error":"llm server loading model"}'],
    ['a model is loaded first', 503, '{"error":"Model big/one is currently loading","estimated_time":20.0}'],
    ['Anthropic, inside a stream', 500, '{"type":"overloaded_error","message":"Overloaded"}'],
  ])('%s', (_name, status, body) => expect(classify(status, body)).toBe('busy'));

  it('and one that fails is', () => {
    expect(classify(503, '')).toBe('sick');
    expect(classify(503, message('The model is overloaded. Please try again later.'))).toBe('sick');
    expect(classify(500, '{"error":"timed out waiting for llama runner to start"}')).toBe('sick');
  });
});

describe('other refusals', () => {
  it.each([
    [401, '', 'auth'],
    [401, message('…', { code: 'mismatched_organization' }), 'request'],
    [403, '', 'auth'],
    [400, message('API key not valid. Please pass a valid API key.'), 'auth'],
    [404, message('The model `x` does not exist', { code: 'model_not_found' }), 'misconfigured'],
    [400, message('The model has been decommissioned', { code: 'model_decommissioned' }), 'misconfigured'],
    [400, message('invalid model ID'), 'misconfigured'],
    [410, '', 'misconfigured'],
    [308, '', 'misconfigured'],
    [408, '', 'silent'],
    [504, '', 'silent'],
    [529, '', 'busy'],
    [400, message('temperature must be below 2'), 'request'],
    [422, '', 'request'],
  ])('%i %s is %s', (status, body, expected) => expect(classify(status, body)).toBe(expected));

  it.each([
    message("Invalid value: 'my credit balance is too low, is my API key not valid?'"),
    message('Unknown parameter: loading model'),
    message("Invalid 'messages[0].content': 'does this prefill my context window?'"),
  ])('that quote their caller are the caller’s fault: %s', (body) => expect(classify(400, body)).toBe('request'));

  it('inside a 200 are told by their words', () => {
    const inside = (text: string) => failureInside({ message: 'm', status: 500, text }).failure;
    expect(inside('{"code":"context_length_exceeded"}')).toBe('context');
    expect(inside('{"code":"content_filter"}')).toBe('filter');
    expect(inside('{"code":"insufficient_quota"}')).toBe('quota');
    expect(inside('{"message":"boom"}')).toBe('sick');
  });
});

describe('a wait that only the body names', () => {
  it.each([
    ['{"error":{"details":[{"retryDelay":"22.5s"}]}}', 22_500],
    [message('Rate limit reached … Please try again in 7.66s. Visit …'), 7660],
    [message('Limit 100000. Please try again in 6m0s.'), 360_000],
    [message('Please try again in 20ms.'), 20],
    ['{"error":"Model x is currently loading","estimated_time":20.0}', 20_000],
    [message('Please try again in a while'), undefined],
    ['', undefined],
  ])('%s', (body, expected) => expect(retryAfterOf({}, 0, body)).toBe(expected));

  it('gives way to the header', () => {
    expect(retryAfterOf({ 'retry-after': '1' }, 0, '{"retryDelay":"22s"}')).toBe(1000);
  });
});

describe('a refused beginning of the answer', () => {
  it.each([
    'This model does not support assistant message prefill. The conversation must end with a user message.',
    'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
    'The last message of deepseek-reasoner must be a user message, or an assistant message with prefix mode enabled.',
    'When `thinking` is enabled, a final `assistant` message must start with a thinking block',
    'final assistant content cannot end with trailing whitespace',
    'Please ensure that single turn requests end with a user role',
    'Assistant response prefill is incompatible with enable_thinking.',
    'Cannot have 2 or more assistant messages at the end of the list.',
  ])('is told by its words: %s', (words) => expect(rejectsPrefill(words)).toBe(true));

  it.each(['temperature must be below 2', 'messages: at least one message is required', 'prompt is too long'])(
    'and others are not: %s',
    (words) => expect(rejectsPrefill(words)).toBe(false),
  );
});
