import { lastAssistantText, type Answer, type RefusalKind, type Wire, type WireAnswer } from './wire.ts';

/** Those of the local server where it has one, else those of its cloud. */
const rows = (model: string): Readonly<Record<RefusalKind, readonly [status: number, message: string]>> => ({
  auth: [401, 'unauthorized'],
  busy: [429, 'too many concurrent requests'],
  context: [400, 'prompt too long; exceeded max context length by 4000 tokens'],
  'error-500': [500, 'llama runner process has terminated: exit status 2'],
  filter: [400, 'content_policy_violation: the request was rejected by the content policy'],
  'no-path': [404, 'path not found'],
  'not-found': [404, `model '${model}' not found`],
  overloaded: [503, 'server busy, please try again.  maximum pending requests exceeded'],
  prefill: [400, 'this model does not support assistant prefill: the last message must be from the user'],
  quota: [
    429,
    'you (fault) have reached your session usage limit, upgrade for higher limits: https://ollama.com/upgrade',
  ],
  request: [400, "invalid character 'x' looking for beginning of value"],
});

function answer({ model, tokens, input, now }: Answer): WireAnswer {
  const base = { model, created_at: new Date(now).toISOString() };
  const message = (content: string) => ({ role: 'assistant', content });
  const line = (body: object) => `${JSON.stringify({ ...base, ...body })}\n`;
  /** Durations in nanoseconds. */
  const last = {
    done: true,
    done_reason: 'stop',
    total_duration: 5_043_500_667,
    load_duration: 25_063_958,
    prompt_eval_count: input,
    prompt_eval_duration: 325_953_000,
    eval_count: tokens.length,
    eval_duration: 4_692_483_709,
  };
  const error = (busy: boolean) => JSON.stringify({ error: rows(model)[busy ? 'overloaded' : 'error-500'][1] });
  return {
    streamType: 'application/x-ndjson',
    opening: [],
    tokens: tokens.map((content) => line({ message: message(content), done: false })),
    closing: [line({ message: message(''), ...last })],
    marker: '',
    malformed: `{"model":"${model}","created_at":"${base.created_at}","mess\n`,
    whole: JSON.stringify({ ...base, message: message(tokens.join('')), ...last }),
    failure: (_sent, busy) => [`${error(busy)}\n`],
    failed: error,
  };
}

/** Ollama's chat, which streams unless told otherwise. */
export const ollama: Wire = {
  name: 'ollama',
  base: '',
  path: '/api/chat',
  jsonType: 'application/json; charset=utf-8',
  continues: true,
  streams: ({ stream }) => stream !== false,
  prefill: ({ messages }) => lastAssistantText(messages),
  answer,
  refusal(kind, { model, message }) {
    const [status, words] = rows(model)[kind];
    return { status, body: JSON.stringify({ error: message ?? words }) };
  },
  headers: () => ({}),
  rateHeaders: () => ({}),
};
