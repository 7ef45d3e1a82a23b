import type { Estimate } from './decide/decision.ts';
import { SignalboxError } from './errors.ts';
import type { Answer } from './flow/passage.ts';
import type { Routed } from './flow/route.ts';
import { usdOf } from './ledger/money.ts';
import type { ChatEvent, FinishReason, Usage } from './protocol/chat.ts';

/** A decision as the library gives it. */
export interface RouteDecision {
  readonly id: string;
  /** Model id. */
  readonly model: string;
  readonly provider: string;
  readonly reason: string;
  readonly confidence: number;
  readonly ranking: readonly Estimate[];
}

/** A call of a tool, in OpenAI's form. */
export interface ReplyToolCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON text. */
  readonly function: { readonly name: string; readonly arguments: string };
}

/** An answer. */
export interface Reply {
  readonly text: string;
  /** What the model thought, as far as it was told; empty when it was not. */
  readonly reasoning: string;
  /** The assistant message in OpenAI's form, ready to be appended to `messages`. */
  readonly message: {
    readonly role: 'assistant';
    readonly content: string;
    readonly tool_calls?: readonly ReplyToolCall[];
  };
  readonly finishReason: FinishReason;
  readonly usage: Usage | undefined;
  /** USD; null when the price is unknown. */
  readonly costUsd: number | null;
  readonly decision: RouteDecision;
  /** What could not be done as it was asked, such as `dropped:seed` where the provider knows no seed. */
  readonly warnings: readonly string[];
  /** The model that answered: another than `decision.model` after a fallback. */
  readonly model: string;
  /** The provider that answered. */
  readonly provider: string;
}

/** The part of a decision that users see. */
export function publicDecision({ decision, targets }: Routed): RouteDecision {
  return {
    id: decision.id,
    model: decision.chosen,
    provider: targets[0]?.upstream.provider ?? '',
    reason: decision.reason,
    confidence: decision.confidence,
    ranking: decision.ranking,
  };
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; arguments: string };
}

/** Folds events into a reply. */
export function createCollector() {
  let text = '';
  let reasoning = '';
  let finishReason: FinishReason = 'other';
  let usage: Usage | undefined;
  let failure: string | undefined;
  const calls = new Map<number, ToolCall>();
  return {
    add(event: ChatEvent): void {
      if (event.type === 'text-delta') text += event.delta;
      else if (event.type === 'reasoning-delta') reasoning += event.delta;
      else if (event.type === 'usage') usage = event.usage;
      else if (event.type === 'finish') finishReason = event.finishReason;
      else if (event.type === 'error') failure = event.message;
      else if (event.type === 'tool-call-delta') {
        const call: ToolCall = calls.get(event.index) ?? {
          id: event.toolCallId ?? `call_${event.index}`,
          type: 'function',
          function: { name: event.toolName ?? '', arguments: '' },
        };
        call.function.arguments += event.delta;
        calls.set(event.index, call);
      }
    },
    async reply({ settled, warnings }: Answer, decision: RouteDecision): Promise<Reply> {
      const outcome = await settled;
      if (failure !== undefined) throw new SignalboxError('provider_error', failure);
      const toolCalls = [...calls.values()];
      return {
        text,
        reasoning,
        message: { role: 'assistant', content: text, ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }) },
        finishReason,
        usage: outcome.usage ?? usage,
        costUsd: usdOf(outcome.cost),
        decision,
        warnings: [...warnings],
        model: outcome.model ?? decision.model,
        provider: outcome.provider ?? decision.provider,
      };
    },
  };
}
