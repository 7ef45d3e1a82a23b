import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../protocol/chat.ts';
import { vendorOptions } from './vendor-options.ts';

const asking = (rest: Partial<ChatRequest>, role: 'user' | 'tool' = 'user'): ChatRequest => ({
  model: 'm',
  stream: false,
  messages: [{ role, content: [] }],
  ...rest,
});

describe('what is left to vendors', () => {
  it.each([
    ['openai.responses', { reasoning: { effort: 'max' } }, { openai: { reasoningEffort: 'xhigh' } }],
    ['xai.chat', { reasoning: { effort: 'minimal' } }, { xai: { reasoningEffort: 'low' } }],
    ['google.generative-ai', { reasoning: { effort: 'none' } }, { google: { thinkingConfig: { thinkingBudget: 0 } } }],
    [
      'anthropic.messages',
      { reasoning: { effort: 'low' }, parallelToolCalls: false },
      { anthropic: { thinking: { type: 'enabled', budgetTokens: 4096 }, disableParallelToolUse: true } },
    ],
    ['openai.chat', { user: 'ann', parallelToolCalls: true }, { openai: { user: 'ann', parallelToolCalls: true } }],
    ['openai.chat', {}, undefined],
  ] as const)('%s: %j', (provider, request, options) => {
    expect(vendorOptions(asking(request), provider)).toEqual(options);
  });

  it('asks Claude for no thoughts where it would want the ones before', () => {
    expect(vendorOptions(asking({ reasoning: { effort: 'high' } }, 'tool'), 'anthropic.messages')).toBeUndefined();
  });
});
