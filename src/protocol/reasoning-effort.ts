import type { ReasoningEffort } from './chat.ts';

const EFFORTS: ReadonlySet<string> = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/** A level of reasoning by its name; one that nobody knows is none. */
export function effortOf(value: unknown): ReasoningEffort | undefined {
  const named = (effort: unknown): effort is ReasoningEffort => typeof effort === 'string' && EFFORTS.has(effort);
  return named(value) ? value : undefined;
}

/** Tokens of thinking up to which a budget is low or medium. */
const LOW = 4096;
const MEDIUM = 16_384;

/** The level that is nearest to a budget of thinking, in tokens; for dialects and models that take levels only. */
export function effortOfBudget(budget: number): 'none' | 'low' | 'medium' | 'high' {
  if (budget === 0) return 'none';
  return budget <= LOW ? 'low' : budget <= MEDIUM ? 'medium' : 'high';
}
