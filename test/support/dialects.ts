/** What a caller of one dialect got. */
export interface Told {
  readonly status: number;
  readonly text: string;
  readonly model: string | undefined;
  /** Times that a usage was told, and the last one's tokens. */
  readonly usages: number;
  readonly output: number | undefined;
  /** The dialect's own sign that nothing is missing. */
  readonly complete: boolean;
  readonly error: string | undefined;
  readonly headers: Headers;
  readonly raw: string;
}

/** How to ask, and what to make of the answer, in one dialect. */
export interface ClientDialect {
  readonly name: string;
  /** Kind of the providers that speak it. */
  readonly kind: string;
  readonly path: string;
  body(text: string, stream: boolean): object;
  read(
    raw: string,
    stream: boolean,
  ): Omit<Told, 'status' | 'headers' | 'raw' | 'model'> & { readonly model: string | undefined };
}

// Test code reads what it is told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;

const sseData = (raw: string): Any[] =>
  raw.split(/\n\n/).flatMap((record) => {
    const at = record.indexOf('data: ');
    return at === -1 || record.includes('[DONE]') ? [] : [JSON.parse(record.slice(at + 6))];
  });

const openaiChat: ClientDialect = {
  name: 'openai-chat',
  kind: 'openai',
  path: '/v1/chat/completions',
  body: (text, stream) => ({
    model: 'auto',
    messages: [{ role: 'user', content: text }],
    max_tokens: 10,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  }),
  read(raw, stream) {
    const parts: Any[] = stream ? sseData(raw) : [JSON.parse(raw)];
    const choices = parts.flatMap(({ choices: list = [] }) => list);
    const usages = parts.flatMap(({ usage }) => usage ?? []);
    return {
      text: choices.map(({ delta, message }) => (delta ?? message)?.content ?? '').join(''),
      model: parts.find(({ model }) => model !== undefined)?.model,
      usages: usages.length,
      output: usages.at(-1)?.completion_tokens,
      complete:
        choices.some(({ finish_reason: finish }) => finish === 'stop') && (!stream || raw.endsWith('data: [DONE]\n\n')),
      error: parts.find(({ error }) => error !== undefined)?.error.message,
    };
  },
};

const anthropic: ClientDialect = {
  name: 'anthropic',
  kind: 'anthropic',
  path: '/v1/messages',
  body: (text, stream) => ({ model: 'auto', max_tokens: 10, messages: [{ role: 'user', content: text }], stream }),
  read(raw, stream) {
    const parts: Any[] = stream ? sseData(raw) : [JSON.parse(raw)];
    const final = stream ? parts.filter(({ type }) => type === 'message_delta') : parts.filter(({ usage }) => usage);
    return {
      text: stream
        ? parts.map(({ delta }) => delta?.text ?? '').join('')
        : (parts[0].content ?? []).map(({ text = '' }) => text).join(''),
      model: stream ? parts.find(({ message }) => message !== undefined)?.message.model : parts[0].model,
      usages: final.length,
      output: final.at(-1)?.usage.output_tokens,
      complete: stream
        ? final.at(-1)?.delta.stop_reason === 'end_turn' && parts.at(-1)?.type === 'message_stop'
        : parts[0].stop_reason === 'end_turn',
      error: parts.find(({ error }) => error !== undefined)?.error.message,
    };
  },
};

const ollama: ClientDialect = {
  name: 'ollama',
  kind: 'ollama',
  path: '/api/chat',
  body: (text, stream) => ({
    model: 'auto',
    messages: [{ role: 'user', content: text }],
    options: { num_predict: 10 },
    stream,
  }),
  read(raw) {
    const parts: Any[] = raw
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const final = parts.filter(({ done }) => done === true);
    return {
      text: parts.map(({ message }) => message?.content ?? '').join(''),
      model: parts[0].model,
      usages: final.length,
      output: final.at(-1)?.eval_count,
      complete: final.at(-1)?.done_reason === 'stop',
      error: parts.find(({ error }) => error !== undefined)?.error,
    };
  },
};

const responses: ClientDialect = {
  name: 'openai-responses',
  kind: 'openai',
  path: '/v1/responses',
  body: (text, stream) => ({ model: 'auto', input: text, max_output_tokens: 16, stream }),
  read(raw, stream) {
    const parts: Any[] = stream ? sseData(raw) : [JSON.parse(raw)];
    const last = stream ? parts.findLast(({ response }) => response !== undefined)?.response : parts[0];
    const ends = stream ? parts.filter(({ type }) => /^response\.(completed|incomplete|failed)$/.test(type)) : parts;
    return {
      text: stream
        ? parts.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? delta : [])).join('')
        : (last.output ?? []).flatMap(({ content = [] }) => content.map(({ text = '' }) => text)).join(''),
      model: last?.model,
      usages: ends.filter(({ usage, response }) => (response?.usage ?? usage) !== undefined).length,
      output: last?.usage?.output_tokens,
      complete: last?.status === 'completed',
      error: parts.find(({ error, response }) => (error ?? response?.error) != null)
        ? JSON.stringify(parts.find(({ error, response }) => (error ?? response?.error) != null))
        : undefined,
    };
  },
};

export const CLIENT_DIALECTS: readonly ClientDialect[] = [openaiChat, anthropic, ollama, responses];
