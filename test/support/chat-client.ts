import type { Behaviour } from '../mock-provider/mock-provider.ts';
import { asking } from './gateway.ts';
import {
  choice,
  chunks,
  eventsOf,
  lastLine,
  line,
  lines,
  messageEnd,
  messageStart,
  named,
  streamsEvents,
  streamsLines,
  tells,
  type CurrentUpstream,
} from './one-upstream.ts';

// Test code reads what it is told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;

/** The data of a stream's events; `[DONE]` and comments left out. */
export const dataOf = (raw: string): readonly Any[] => eventsOf(raw).map(({ data }) => data);
export const choicesOf = (raw: string): readonly Any[] => dataOf(raw).flatMap(({ choices = [] }) => choices);
export const textOf = (raw: string): string =>
  choicesOf(raw)
    .map(({ delta }) => delta.content ?? '')
    .join('');
export const reasonsOf = (raw: string): readonly Any[] =>
  choicesOf(raw).flatMap(({ finish_reason: reason }) => reason ?? []);

/** One block of Anthropic's, and one that says these words. */
export const block = (index: number, content: object, ...deltas: readonly object[]) => [
  { type: 'content_block_start', index, content_block: content },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
export const says = (...words: readonly string[]) =>
  block(0, { type: 'text', text: '' }, ...words.map((text) => ({ type: 'text_delta', text })));

/** As OpenAI does it: usage where it is asked for, and `usage: null` in every other chunk then. */
export const gptSays =
  (...list: readonly object[]): Behaviour =>
  (request, response) => {
    const counted = JSON.parse(request.body).stream_options?.include_usage === true;
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
    const all = list.map((chunk) => (counted ? { ...chunk, usage: null } : chunk));
    const last = counted ? [{ ...choice({}), choices: [], usage }] : [];
    return streamsEvents(chunks(...all, ...last))(request, response);
  };

/** “Hello there.” as each upstream streams it. */
export const HELLO = {
  gpt: gptSays(
    choice({ role: 'assistant', content: '' }),
    choice({ content: 'Hello' }),
    choice({ content: ' there.' }),
    choice({}, 'stop'),
  ),
  claude: streamsEvents(named(messageStart(), ...says('Hello', ' there.'), ...messageEnd())),
  llama: streamsLines(lines(line({ content: 'Hello' }), line({ content: ' there.' }), lastLine())),
} satisfies Readonly<Record<string, Behaviour>>;

/** A client of chat completions. */
export function chatClient(one: CurrentUpstream) {
  const ask = (model: string, rest: object = {}) => one.gateway.chat(asking('Hi', { model, ...rest }));
  return {
    ask,
    async stream(model: string, behaviour: Behaviour, rest: object = {}) {
      one.upstream.behave(behaviour);
      const response = await ask(model, { stream: true, ...rest });
      return { response, raw: await response.text() };
    },
    /** The answer to one in one piece. */
    async whole(model: string, body: object, rest: object = {}): Promise<Any> {
      one.upstream.behave(tells(body));
      return (await ask(model, rest)).json();
    },
  };
}
