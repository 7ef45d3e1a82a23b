import { describe, expect, it } from 'vitest';
import { buildCatalog } from '../catalog/build.ts';
import { detectConfig } from './detect.ts';
import { configFromObject } from './load.ts';

const hosts = [
  { kind: 'openai', keyEnv: 'OPENAI_API_KEY' },
  { kind: 'anthropic', keyEnv: 'ANTHROPIC_API_KEY' },
  { kind: 'groq', keyEnv: 'GROQ_API_KEY' },
  { kind: 'azure', keyEnv: 'AZURE_OPENAI_API_KEY' },
  { kind: 'vllm' },
];
const nothing = async () => undefined;

describe('detection', () => {
  it('finds keys and a local Ollama, and is a configuration that holds', async () => {
    const probe = async (url: string) =>
      url.includes('11434') ? { models: [{ name: 'qwen3:8b' }, { name: 'nomic-embed-text' }] } : undefined;
    const env = { OPENAI_API_KEY: 'sk', GROQ_API_KEY: 'gsk' };
    const { config: detected, found, unused } = await detectConfig({ env, probe, hosts });
    expect(found).toHaveLength(3);
    expect(unused).toEqual([]);
    const { config } = configFromObject(detected, { env, checks: [] });
    expect(config.models.map(({ id }) => id)).toEqual(expect.arrayContaining(['gpt-4o-mini', 'qwen3:8b']));
    expect(JSON.stringify(detected)).not.toContain('"sk"');
  });

  it('finds Claude by its key, with prices and windows that are known', async () => {
    const env = { ANTHROPIC_API_KEY: 'sk-ant-1' };
    const { config: detected, unused } = await detectConfig({ env, probe: nothing, hosts });
    expect(unused).toEqual([]);
    const { config } = configFromObject(detected, { env, checks: [] });
    const { models } = await buildCatalog(config);
    expect(models).toHaveLength(2);
    for (const { id, contextWindow, upstreams } of models) {
      expect(id).toMatch(/^claude-/);
      expect(contextWindow).toBeGreaterThan(0);
      expect(upstreams).toMatchObject([{ provider: 'anthropic', name: id, price: { provenance: expect.anything() } }]);
    }
  });

  it('finds nothing where there is nothing', async () => {
    expect(await detectConfig({ env: { OPENAI_API_KEY: '' }, probe: nothing, hosts })).toEqual({
      config: null,
      found: [],
      unused: [],
    });
  });

  it('names the keys that it cannot use, and why', async () => {
    const env = { GEMINI_API_KEY: 'AI-1', AZURE_OPENAI_API_KEY: 'az-1' };
    const { config, unused } = await detectConfig({ env, probe: nothing, hosts });
    expect(config).toBeNull();
    expect(unused).toEqual([
      expect.stringMatching(/^AZURE_OPENAI_API_KEY: .*by hand/),
      expect.stringMatching(/^GEMINI_API_KEY: kind gemini is not supported; .*kind openai/),
    ]);
    expect(unused.join()).not.toMatch(/AI-1|az-1/);
  });

  it('takes a key by its preset as soon as there is one', async () => {
    const own = [...hosts, { kind: 'gemini', keyEnv: 'GEMINI_API_KEY' }];
    const { unused } = await detectConfig({ env: { GEMINI_API_KEY: 'AI-1' }, probe: nothing, hosts: own });
    expect(unused).toEqual([expect.stringContaining('by hand')]);
  });
});
