import { isObject } from '../guards.ts';

const isThinking = (block: unknown): boolean =>
  isObject(block) && (block['type'] === 'thinking' || block['type'] === 'redacted_thinking');

/** The messages without thinking: its signatures hold for the model that made them. Every other block stays as it is. */
export function forgetThinking(body: unknown): { readonly field: string; readonly value: unknown } | undefined {
  const messages = isObject(body) ? body['messages'] : undefined;
  if (!Array.isArray(messages)) return undefined;
  let found = false;
  const value = messages.flatMap((message: unknown) => {
    const content = isObject(message) ? message['content'] : undefined;
    if (!isObject(message) || !Array.isArray(content) || !content.some(isThinking)) return [message];
    found = true;
    const rest = content.filter((block) => !isThinking(block));
    // A message without content is refused.
    return rest.length === 0 ? [] : [{ ...message, content: rest }];
  });
  return found ? { field: 'messages', value } : undefined;
}
