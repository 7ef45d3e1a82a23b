import type { Behaviour } from '../mock-provider/mock-provider.ts';
import type { CurrentUpstream } from './one-upstream.ts';

/** A request of Anthropic's Messages. */
export const askingMessages = (model: string, rest: object = {}) => ({
  model,
  max_tokens: 2000,
  messages: [{ role: 'user', content: 'Hi' }],
  ...rest,
});

/** Asks for thoughts. */
export const thinking = { type: 'enabled', budget_tokens: 1024 };

/** A client of Messages, and one of chat completions beside it, with an upstream that behaves so. */
export function messagesClient(one: CurrentUpstream) {
  return {
    ask(model: string, behave: Behaviour, rest: object = {}, headers: Record<string, string> = {}) {
      one.upstream.behave(behave);
      return one.gateway.post('/v1/messages', askingMessages(model, rest), headers);
    },
    askChat(model: string, behave: Behaviour, rest: object = {}) {
      one.upstream.behave(behave);
      return one.gateway.chat({ model, messages: [{ role: 'user', content: 'Hi' }], ...rest });
    },
  };
}
