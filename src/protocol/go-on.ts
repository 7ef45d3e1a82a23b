import type { FieldEdit } from './patch.ts';

/** The beginning of an answer as the conversation's last message. */
export function goOnMessages(_body: unknown, said: string): readonly FieldEdit[] {
  return [{ field: 'messages', append: { role: 'assistant', content: said } }];
}
