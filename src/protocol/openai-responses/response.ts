import type { FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { codeOf } from './error.ts';
import { responseId } from './item-id.ts';
import { usageFields } from './usage.ts';

/** Who answers, and when. */
export interface Head {
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly createdAt: number;
}

/** Who answers where no event has said it. */
export function headOf({ id, model, createdAt, resume }: EncoderOptions): Head {
  return {
    id: resume?.id ?? responseId(id),
    model: resume?.model ?? model,
    createdAt: resume?.createdAt ?? createdAt,
  };
}

/** How a response stands; `code` as HTTP has it. */
export type Standing =
  | { readonly status: 'in_progress' }
  | { readonly status: 'completed' | 'incomplete'; readonly finish: FinishReason }
  | { readonly status: 'failed'; readonly message: string; readonly code: number };

/** How a response ends for a reason. */
export function standingOf(finish: FinishReason): Standing {
  if (finish === 'error') return { status: 'failed', message: 'the model stopped with an error', code: 500 };
  return { status: finish === 'length' || finish === 'content-filter' ? 'incomplete' : 'completed', finish };
}

function incompleteDetails(standing: Standing): object | null {
  if (standing.status !== 'incomplete') return null;
  return { reason: standing.finish === 'length' ? 'max_output_tokens' : 'content_filter' };
}

/** The response object. What the request asked for is not known here: its fields say what OpenAI says by default. */
export function responseOf(
  { id, model, createdAt }: Head,
  standing: Standing,
  output: readonly object[],
  usage: Usage | undefined,
) {
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status: standing.status,
    background: false,
    error: standing.status === 'failed' ? { code: codeOf(standing.code), message: standing.message } : null,
    incomplete_details: incompleteDetails(standing),
    instructions: null,
    max_output_tokens: null,
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: usage === undefined ? null : usageFields(usage),
    metadata: {},
  };
}
