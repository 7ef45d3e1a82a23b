import { isObject, list } from '../guards.ts';
import type { FieldEdit } from '../patch.ts';
import { UNSIGNED } from './unsigned.ts';

const isThinking = (block: unknown): boolean =>
  isObject(block) && (block['type'] === 'thinking' || block['type'] === 'redacted_thinking');
const isUnsigned = (block: unknown): boolean => isObject(block) && block['signature'] === UNSIGNED && isThinking(block);

const contentOf = (message: unknown): readonly unknown[] => (isObject(message) ? list(message['content']) : []);

/** The messages without some blocks; every other block stays as it is. */
function without(messages: readonly unknown[], leaves: (block: unknown) => boolean): readonly unknown[] {
  return messages.flatMap((message) => {
    const content = contentOf(message);
    if (!isObject(message) || !content.some(leaves)) return [message];
    const rest = content.filter((block) => !leaves(block));
    // A message without content is refused.
    return rest.length === 0 ? [] : [{ ...message, content: rest }];
  });
}

/** Whether the conversation is in a loop of tools whose calls have no thoughts before them. */
function loopsSilently(messages: readonly unknown[]): boolean {
  const results = contentOf(messages.at(-1)).some((block) => isObject(block) && block['type'] === 'tool_result');
  return results && !isThinking(contentOf(messages.at(-2))[0]);
}

function edits(body: unknown, leaves: (block: unknown) => boolean): readonly FieldEdit[] | undefined {
  const messages = isObject(body) ? list(body['messages']) : [];
  if (!messages.some((message) => contentOf(message).some(leaves))) return undefined;
  const value = without(messages, leaves);
  const thinking = isObject(body) ? body['thinking'] : undefined;
  // With a budget, a loop must have begun with thoughts.
  const barred = isObject(thinking) && thinking['type'] === 'enabled' && loopsSilently(value);
  const silent = barred ? [{ field: 'thinking', value: { type: 'disabled' } }] : [];
  return [{ field: 'messages', value }, ...silent];
}

/** Takes the thinking out: its signatures hold for the model that made them. */
export const forgetThinking = (body: unknown): readonly FieldEdit[] | undefined => edits(body, isThinking);

/** Takes the thinking out that nobody signed. */
export const disownThinking = (body: unknown): readonly FieldEdit[] | undefined => edits(body, isUnsigned);
