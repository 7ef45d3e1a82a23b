import type { ChatEvent } from './chat.ts';
import { given } from './guards.ts';

type Metadata = Extract<ChatEvent, { type: 'response-metadata' }>;

/** Who answers and since when, in epoch seconds, as far as an answer says it. */
export function metadataEvent(fields: {
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly createdAt?: number | undefined;
}): Metadata {
  return { type: 'response-metadata', ...given(fields) };
}
