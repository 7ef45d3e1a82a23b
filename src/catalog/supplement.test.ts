import { describe, expect, it } from 'vitest';
import { supplementFor } from './supplement.ts';

describe('supplementFor', () => {
  it.each([
    ['gpt-4o-mini', 16_384],
    ['openai/gpt-4o-mini-2024-07-18', 16_384],
    ['gpt-4o-2024-05-13', 4096],
    ['anthropic/claude-3.5-sonnet', 8192],
    ['claude-sonnet-4-20250514', 64_000],
    ['claude-opus-4-1-20250805', 32_000],
    ['gemini-2.5-pro', 65_536],
  ])('knows the output limit of %s by its most literal row', (name, maxOutput) => {
    expect(supplementFor(name)?.maxOutput).toBe(maxOutput);
  });

  it.each(['gpt-4o-realtime-preview', 'gpt-4o-mini-tts', 'my-deployment', '', 'x'.repeat(1_000_000)])(
    'does not guess about %.30s',
    (name) => {
      expect(supplementFor(name)).toBeUndefined();
    },
  );

  it('reads the names of open weights as their hosts write them', () => {
    for (const name of ['llama3.3:70b', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', 'llama-3.3-70b-versatile']) {
      expect(supplementFor(name)?.contextWindow).toBe(131_072);
    }
  });
});
