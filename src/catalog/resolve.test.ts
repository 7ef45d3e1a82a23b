import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configSchema, type ConfigInput } from '../config/schema.ts';
import { buildCatalog } from './build.ts';
import type { Resolution } from './catalog.ts';

const CONFIG: ConfigInput = {
  providers: { openai: { kind: 'openai' }, local: { kind: 'ollama' }, router: { kind: 'openrouter' } },
  models: [
    {
      id: 'fast',
      aliases: ['gpt-4o-mini*', 'gpt-*', 'Quick'],
      upstreams: [
        { provider: 'openai', model: 'gpt-4o-mini' },
        { provider: 'router', model: 'openai/gpt-4o-mini' },
      ],
    },
    { id: 'smart', provider: 'openai', model: 'gpt-5.2', aliases: ['gpt-5*', '*-large', 'claude-*-5'] },
    { id: 'llama3.2:3b', provider: 'local' },
    { id: 'coder', provider: 'router', model: 'qwen/qwen3-coder:free', aliases: ['qwen/qwen3-coder:free'] },
  ],
  roles: { Engineer: {} },
};

const catalog = await buildCatalog(configSchema.parse(CONFIG), { today: '2026-10-01' });

function short(resolution: Resolution): string {
  if (resolution.kind === 'auto') return `auto ${resolution.strategy ?? '-'}`;
  if (resolution.kind === 'role') return `role ${resolution.role}`;
  if (resolution.kind === 'model') return resolution.model.id;
  return resolution.kind === 'upstream' ? `${resolution.model.id} at ${resolution.upstream.id}` : 'unknown';
}

describe('resolve', () => {
  it.each([
    ['', 'auto -'],
    ['  ', 'auto -'],
    ['AUTO', 'auto -'],
    ['claude-auto', 'auto -'],
    ['auto:cost', 'auto cost-first'],
    ['auto:balanced', 'auto balanced'],
    ['Auto%3AQuality', 'auto quality-first'],
    ['auto:constructor', 'unknown'],
    ['role/Engineer', 'role Engineer'],
    ['role%2fengineer', 'role engineer'],
  ])('takes %j as a name that is routed: %s', (name, meaning) => {
    expect(short(catalog.resolve(name))).toBe(meaning);
  });

  it.each([
    ['FAST', 'fast', 'an id in any case'],
    ['quick', 'fast', 'an alias in any case'],
    ['gpt-4o-mini-2024-07-18', 'fast', 'a wildcard'],
    ['gpt-5.2-pro', 'smart', 'the more literal of two wildcards'],
    ['gpt-4-large', 'smart', 'the more literal of two wildcards, wherever the star is'],
    ['claude-sonnet-5', 'smart', 'a star inside'],
    ['llama3.2:3b', 'llama3.2:3b', 'an Ollama tag, which is no provider'],
    ['llama3.2%3A3b', 'llama3.2:3b', 'a percent-encoded tag'],
    ['ollama/llama3.2:3b', 'llama3.2:3b', 'without the prefix ollama/'],
    ['ns::fast', 'fast', 'without a namespace'],
    ['a::b::ollama/fast', 'fast', 'without both'],
    ['openai::gpt-4o-mini', 'fast', 'a namespace that is also a provider'],
    ['qwen/qwen3-coder:free', 'coder', 'an alias that looks like a provider'],
  ])('finds %j: %s (%s)', (name, id) => {
    const found = catalog.resolve(name);
    expect(short(found)).toBe(id);
  });

  it.each([
    ['openai/gpt-4o-mini', 'fast at openai/gpt-4o-mini'],
    ['OpenAI:GPT-4o-mini', 'fast at openai/gpt-4o-mini'],
    ['openai,gpt-4o-mini', 'fast at openai/gpt-4o-mini'],
    ['router/openai/gpt-4o-mini', 'fast at router/openai/gpt-4o-mini'],
    ['openai/GPT-4.1', 'openai/gpt-4.1 at openai/GPT-4.1'],
    ['ns::openai/gpt-4.1', 'openai/gpt-4.1 at openai/gpt-4.1'],
    ['groq/llama-3.3-70b', 'unknown'],
    ['mistral:7b', 'unknown'],
    ['openai/', 'unknown'],
  ])('takes %j at its provider: %s', (name, meaning) => {
    expect(short(catalog.resolve(name))).toBe(meaning);
  });

  it('prices a model that is called without being configured, and knows nothing else of it', () => {
    const priced = catalog.resolve('openai/gpt-4.1');
    const unpriced = catalog.resolve('openai/nobody-knows-this');
    expect(priced).toMatchObject({ upstream: { price: { input: 2, output: 8 } }, model: { capabilitiesKnown: false } });
    expect(unpriced).toMatchObject({ kind: 'upstream', upstream: { price: null } });
  });

  it('names what an unknown name may have meant', () => {
    expect(catalog.resolve('smrat')).toEqual({ kind: 'unknown', nearest: ['smart'] });
    expect(catalog.resolve('role-engineer')).toEqual({ kind: 'unknown', nearest: ['role/Engineer'] });
    expect(catalog.resolve('something-else-entirely')).toEqual({ kind: 'unknown', nearest: [] });
  });

  it('gives the same answer again', () => {
    expect(catalog.resolve('openai/gpt-4.1')).toBe(catalog.resolve('openai/gpt-4.1'));
  });

  it('takes malformed percent sequences as they are', () => {
    expect(catalog.resolve('fast%').kind).toBe('unknown');
    expect(catalog.resolve('%E0%A4%A').kind).toBe('unknown');
  });

  it('prefers the first model in the configuration when wildcards are equally literal', async () => {
    const models = [
      { id: 'one', provider: 'openai', aliases: ['x-*'] },
      { id: 'two', provider: 'openai', aliases: ['*-x'] },
    ];
    const other = await buildCatalog(configSchema.parse({ ...CONFIG, models }));
    expect(short(other.resolve('x-x'))).toBe('one');
  });

  it('refuses names of absurd length without looking at them', () => {
    expect(catalog.resolve('a'.repeat(1_000_000))).toEqual({ kind: 'unknown', nearest: [] });
    expect(catalog.resolve('%61'.repeat(257))).toEqual({ kind: 'unknown', nearest: [] });
  });

  it('never throws, whatever the name is', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 300, unit: 'binary' }),
      fc
        .array(fc.constantFrom('openai', 'ollama', '/', ':', ',', '::', '*', '%', '%2f', 'auto', 'role', 'fast'))
        .map((p) => p.join('')),
    );
    fc.assert(
      fc.property(name, (name) => {
        expect(catalog.resolve(name).kind).toBeTypeOf('string');
      }),
    );
  });

  it('finds every id and every alias that has no star', () => {
    for (const model of catalog.models) {
      for (const name of [model.id, ...model.aliases.filter((alias) => !alias.includes('*'))]) {
        expect(short(catalog.resolve(encodeURIComponent(name.toUpperCase())))).toBe(model.id);
      }
    }
  });
});
