import type { ReasoningEffort } from './chat.ts';

const EFFORTS: ReadonlySet<string> = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/** A level of reasoning by its name; one that nobody knows is none. */
export function effortOf(value: unknown): ReasoningEffort | undefined {
  const named = (effort: unknown): effort is ReasoningEffort => typeof effort === 'string' && EFFORTS.has(effort);
  return named(value) ? value : undefined;
}
