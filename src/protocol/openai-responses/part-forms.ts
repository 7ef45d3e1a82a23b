/** Parts of messages and thoughts: their words are told in pieces. */
export type PartKind = 'output_text' | 'refusal' | 'summary_text' | 'reasoning_text';

/** How a kind of part is told. */
export interface PartForm {
  /** Where the item holds its parts. */
  readonly list: 'content' | 'summary';
  readonly index: 'content_index' | 'summary_index';
  /** What the words stand under, in the part and in the event that tells all of them. */
  readonly field: 'text' | 'refusal';
  /** Types of the events that tell a piece, and all the words. */
  readonly delta: string;
  readonly done: string;
  /** Types of the events that begin and end the part. */
  readonly added: string;
  readonly over: string;
  /** Fields of a piece, and of all the words, that may not be missing. */
  readonly more: { readonly logprobs?: readonly [] };
  /** Fields of the part that may not be missing. */
  readonly own: { readonly annotations?: readonly []; readonly logprobs?: readonly [] };
}

const CONTENT = {
  list: 'content',
  index: 'content_index',
  added: 'response.content_part.added',
  over: 'response.content_part.done',
} as const;

export const PART_FORMS: Readonly<Record<PartKind, PartForm>> = {
  output_text: {
    ...CONTENT,
    field: 'text',
    delta: 'response.output_text.delta',
    done: 'response.output_text.done',
    more: { logprobs: [] },
    own: { annotations: [], logprobs: [] },
  },
  refusal: {
    ...CONTENT,
    field: 'refusal',
    delta: 'response.refusal.delta',
    done: 'response.refusal.done',
    more: {},
    own: {},
  },
  reasoning_text: {
    ...CONTENT,
    field: 'text',
    delta: 'response.reasoning_text.delta',
    done: 'response.reasoning_text.done',
    more: {},
    own: {},
  },
  summary_text: {
    list: 'summary',
    index: 'summary_index',
    added: 'response.reasoning_summary_part.added',
    over: 'response.reasoning_summary_part.done',
    field: 'text',
    delta: 'response.reasoning_summary_text.delta',
    done: 'response.reasoning_summary_text.done',
    more: {},
    own: {},
  },
};

/** A part with these words. */
export function partOf(kind: PartKind, words: string): object {
  const { field, own } = PART_FORMS[kind];
  return { type: kind, ...own, [field]: words };
}

export const isPartKind = (value: unknown): value is PartKind => typeof value === 'string' && value in PART_FORMS;
