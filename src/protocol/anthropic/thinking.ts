import type { ChatRequest, ReasoningEffort } from '../chat.ts';
import { effortOfBudget } from '../reasoning-effort.ts';
import type { ClaudeTraits } from './claude.ts';
import type { Turn } from './turns.ts';

/** Output tokens beside the thinking, where the caller sets no limit: this dialect wants one. */
const MAX_TOKENS = 4096;
/** The least that may be thought. */
const MIN_BUDGET = 1024;

type Level = Exclude<ReasoningEffort, 'none'>;

/** Tokens of thinking per level, for models that want a number. With an answer, none is above what a small model gives. */
const BUDGETS: Readonly<Record<Level, number>> = {
  minimal: MIN_BUDGET,
  low: 4096,
  medium: 8192,
  high: 16_384,
  xhigh: 24_576,
  max: 27_904,
};

function nameOf(level: Level, { xhigh }: ClaudeTraits): string {
  if (level === 'minimal') return 'low';
  return level === 'xhigh' && !xhigh ? 'high' : level;
}

/** What a request says of thinking. */
export interface Thinking {
  readonly thinking?: { readonly type: string; readonly budget_tokens?: number };
  readonly effort?: string;
  readonly maxTokens: number;
  /** The model thinks, and takes no sampling settings then. */
  readonly thinks: boolean;
}

/** Why a model cannot think on these turns: they end in an answer begun, or in a loop of tools that has no thoughts. */
function barred(turns: readonly Turn[], manual: boolean): boolean {
  const last = turns.at(-1);
  if (last?.role === 'assistant') return true;
  const calling = last?.parts[0]?.type === 'tool-result' ? turns.at(-2) : undefined;
  return manual && calling !== undefined && calling.parts[0]?.type !== 'reasoning';
}

/** Thinking in the form that the model takes; named in `lost` where it cannot think as asked. */
export function thinkingOf(
  { reasoning, maxOutputTokens, toolChoice }: ChatRequest,
  turns: readonly Turn[],
  traits: ClaudeTraits,
  lost: Set<string>,
): Thinking {
  const silent: Thinking = { maxTokens: maxOutputTokens ?? MAX_TOKENS, thinks: false };
  const unable = (): Thinking => {
    lost.add('reasoning');
    return silent;
  };
  if (reasoning === undefined) return silent;
  const { effort, budgetTokens } = reasoning;
  if (effort === 'none' || (effort === undefined && budgetTokens === 0)) {
    return traits.alwaysThinks ? unable() : { ...silent, thinking: { type: 'disabled' } };
  }
  const manual = traits.thinking === 'budget' || (traits.thinking === 'either' && budgetTokens !== undefined);
  const forced = traits.forcedTools && (toolChoice === 'required' || typeof toolChoice === 'object');
  if (forced || barred(turns, manual)) return unable();
  const asked = effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens));
  const level = asked === 'none' ? undefined : asked;
  const wanted = Math.max(MIN_BUDGET, budgetTokens ?? BUDGETS[level ?? 'medium']);
  const maxTokens = maxOutputTokens ?? MAX_TOKENS + wanted;
  if (!manual) {
    const named = level === undefined ? {} : { effort: nameOf(level, traits) };
    return { thinking: { type: 'adaptive' }, ...named, maxTokens, thinks: true };
  }
  // It must leave room for the answer.
  const budget = Math.min(wanted, maxTokens - 1);
  if (budget < MIN_BUDGET) return unable();
  const named = effort === undefined || budgetTokens === undefined ? {} : { effort: nameOf(effort, traits) };
  return { thinking: { type: 'enabled', budget_tokens: budget }, ...named, maxTokens, thinks: true };
}
