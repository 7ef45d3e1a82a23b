import { beforeAll, describe, expect, it } from 'vitest';
import type { Price } from '../catalog/model.ts';
import { openPriceBook, type PriceBook } from '../catalog/price-book.ts';
import { configSchema } from '../config/schema.ts';
import { takeCounts, usageOf as anthropicUsageOf, type Counts } from '../protocol/anthropic/usage.ts';
import { usageOf as openaiUsageOf } from '../protocol/openai-chat/usage.ts';
import { attemptCost } from './money.ts';

/**
 * Usage as providers' own documentation shows it, priced by the published price data. The sums are worked out by hand
 * from the prices that the same documentation lists.
 */
let book: PriceBook;

const { providers } = configSchema.parse({
  providers: { claude: { kind: 'anthropic' }, openai: { kind: 'openai' }, google: { kind: 'google' } },
  models: [{ id: 'm', provider: 'claude' }],
});

beforeAll(async () => {
  book = await openPriceBook('2026-10-01');
});

function listed(provider: string, name: string): Price | null {
  const config = providers[provider];
  return config === undefined ? null : (book.find(config, name)?.price ?? null);
}

function claudeCost(usage: unknown): bigint | null {
  const counts: Counts = {};
  takeCounts(counts, usage);
  const told = anthropicUsageOf(counts);
  return told === undefined ? null : attemptCost(told, listed('claude', 'claude-sonnet-4-5'));
}

describe('Anthropic, “Prompt caching”', () => {
  it('prices both lifetimes of the cache: 3 in, 0.30 read, 3.75 for five minutes, 6 for an hour, 15 out', () => {
    const usage = {
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      output_tokens: 503,
      cache_creation: { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 },
    };
    // 2048×3 + 1800×0.3 + 148×3.75 + 100×6 + 503×15 = 6144 + 540 + 555 + 600 + 7545 micro-dollars
    expect(claudeCost(usage)).toBe(15_384_000n);
  });

  it('prices a long context as a whole, the cache counted: 6 in, 0.60 read, 22.50 out', () => {
    const at = { input_tokens: 20_000, cache_read_input_tokens: 180_000, output_tokens: 1000 };
    // 20 000×3 + 180 000×0.3 + 1000×15 = 60 000 + 54 000 + 15 000
    expect(claudeCost(at)).toBe(129_000_000n);
    // 20 001×6 + 180 000×0.6 + 1000×22.5 = 120 006 + 108 000 + 22 500
    expect(claudeCost({ ...at, input_tokens: 20_001 })).toBe(250_506_000n);
  });
});

describe('Anthropic, “Web search tool”', () => {
  it('prices the search beside the tokens: 10 USD per thousand', () => {
    const usage = {
      input_tokens: 105,
      output_tokens: 6039,
      cache_read_input_tokens: 7123,
      cache_creation_input_tokens: 7345,
      server_tool_use: { web_search_requests: 1 },
    };
    // 105×3 + 7123×0.3 + 7345×3.75 + 6039×15 = 315 + 2136.9 + 27 543.75 + 90 585, and 10 000 for the search
    expect(claudeCost(usage)).toBe(130_580_650n);
  });
});

describe('OpenAI, “Prompt caching”', () => {
  it('prices cached input at its own price: 0.15 in, 0.075 cached, 0.60 out', () => {
    const usage = openaiUsageOf({
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    });
    // 86×0.15 + 1920×0.075 + 300×0.6 = 12.9 + 144 + 180
    expect(usage && attemptCost(usage, listed('openai', 'gpt-4o-mini'))).toBe(336_900n);
  });

  it('prices sound apart from text, in and out', () => {
    const usage = openaiUsageOf({
      prompt_tokens: 100,
      completion_tokens: 50,
      prompt_tokens_details: { audio_tokens: 60 },
      completion_tokens_details: { audio_tokens: 40 },
    });
    expect(usage).toEqual({ input: 100, output: 50, audioInput: 60, audioOutput: 40 });
    const price = listed('openai', 'gpt-realtime-mini');
    expect(price).toMatchObject({ audioInput: 10, audioOutput: 20 });
    // 40 and 10 tokens of text, 60×10 and 40×20 micro-dollars of sound
    const text = 40 * (price?.input ?? 0) + 10 * (price?.output ?? 0);
    expect(usage && attemptCost(usage, price)).toBe(BigInt(Math.round(text * 1000)) + 1_400_000n);
  });
});

describe('Google, “Gemini Developer API pricing”', () => {
  it('prices prompts above 200 000 tokens at 2.50 in and 15 out, at or below at 1.25 and 10', () => {
    const price = listed('google', 'gemini-2.5-pro');
    // 200 000×1.25 + 1000×10
    expect(attemptCost({ input: 200_000, output: 1000 }, price)).toBe(260_000_000n);
    // 200 001×2.5 + 1000×15 = 500 002.5 + 15 000
    expect(attemptCost({ input: 200_001, output: 1000 }, price)).toBe(515_002_500n);
  });
});
