import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configSchema, type ConfigInput } from '../config/schema.ts';
import { buildCatalog } from './build.ts';
import { PRICE_DATA } from './price-book.ts';
import { SUPPLEMENT_DATE } from './supplement.ts';

const PROVIDERS: ConfigInput['providers'] = {
  openai: { kind: 'openai' },
  router: { kind: 'openrouter' },
  local: { kind: 'ollama' },
  own: { kind: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1' },
  sim: { kind: 'simulated' },
};

type ModelInput = ConfigInput['models'][number];

function build(models: readonly ModelInput[], today = '2026-10-01', providers = PROVIDERS) {
  return buildCatalog(configSchema.parse({ providers, models }), { today });
}

async function only(model: ModelInput, today?: string) {
  const [built] = (await build([model], today)).models;
  if (built === undefined) throw new Error('no model');
  return built;
}

describe('prices', () => {
  it('come from the published data, with source and date', async () => {
    const model = await only({ id: 'gpt-4o-mini', provider: 'openai' });
    expect(model.upstreams).toEqual([
      {
        id: 'openai/gpt-4o-mini',
        provider: 'openai',
        name: 'gpt-4o-mini',
        price: {
          input: 0.15,
          output: 0.6,
          cacheRead: 0.075,
          webSearch: 0.01,
          provenance: { source: 'genai-prices', date: PRICE_DATA.date },
        },
      },
    ]);
  });

  it("are the user's own where the configuration has them, dated by the day they were read", async () => {
    const model = await only({ id: 'fast', provider: 'openai', model: 'gpt-4o-mini', price: { input: 1, output: 2 } });
    expect(model.upstreams[0]?.price).toEqual({
      input: 1,
      output: 2,
      provenance: { source: 'config', date: '2026-10-01' },
    });
  });

  it('hold per upstream: its own, else the one of the model, and a local one stays free', async () => {
    const model = await only({
      id: 'mixed',
      price: { input: 3, output: 4 },
      upstreams: [
        { provider: 'openai', model: 'gpt-4o', price: { input: 1, output: 2 } },
        { provider: 'own', model: 'gpt-oss-20b' },
        { provider: 'local', model: 'qwen3:32b' },
      ],
    });
    expect(model.upstreams.map(({ price }) => [price?.input, price?.provenance.source])).toEqual([
      [1, 'config'],
      [3, 'config'],
      [0, 'local'],
    ]);
  });

  it('are unknown, never zero, for a name that nobody lists and for self-hosted servers', async () => {
    expect((await only({ id: 'nobody-knows-this', provider: 'openai' })).upstreams[0]?.price).toBeNull();
    expect((await only({ id: 'gpt-4o', provider: 'own' })).upstreams[0]?.price).toBeNull();
  });

  it('are zero for Ollama, for simulated models and for the free variants of OpenRouter, and say why', async () => {
    const sources = await Promise.all([
      only({ id: 'llama3.2:3b', provider: 'local' }),
      only({ id: 'sim-small', provider: 'sim' }),
      only({ id: 'qwen', provider: 'router', model: 'qwen/qwen3-coder:free' }),
    ]);
    expect(sources.map((model) => model.upstreams[0]?.price)).toEqual([
      { input: 0, output: 0, provenance: { source: 'local', date: '2026-10-01' } },
      { input: 0, output: 0, provenance: { source: 'simulated', date: '2026-10-01' } },
      { input: 0, output: 0, provenance: { source: 'supplement', date: SUPPLEMENT_DATE } },
    ]);
  });

  it('say simulated when the user prices a simulated model', async () => {
    const model = await only({ id: 'nano', provider: 'sim', price: { input: 0.05, output: 0.2 } });
    expect(model.upstreams[0]?.price).toMatchObject({ input: 0.05, provenance: { source: 'simulated' } });
  });

  it('are those in force on the day', async () => {
    const before = await only({ id: 'o3', provider: 'openai' }, '2025-01-01');
    const after = await only({ id: 'o3', provider: 'openai' }, '2026-01-01');
    expect([before.upstreams[0]?.price?.input, after.upstreams[0]?.price?.input]).toEqual([10, 2]);
  });

  it('hold the tiers of long requests, and are the dearest of the day where they change by the hour', async () => {
    const providers = { google: { kind: 'google' }, deepseek: { kind: 'deepseek' } };
    const { models } = await build(
      [
        { id: 'gemini-2.5-pro', provider: 'google' },
        { id: 'deepseek-v4-pro', provider: 'deepseek' },
      ],
      '2026-10-01',
      providers,
    );
    const [long, hourly] = models.map((model) => model.upstreams[0]?.price);
    expect(long).toMatchObject({
      input: 1.25,
      output: 10,
      tiers: [{ above: 200_000, input: 2.5, output: 15 }],
    });
    expect(hourly?.input).toBe(1.32);
  });

  it('say what an hour in the cache costs where the list does', async () => {
    const providers = { claude: { kind: 'anthropic' } };
    const { models } = await build([{ id: 'claude-3-haiku', provider: 'claude' }], undefined, providers);
    expect(models[0]?.upstreams[0]?.price).toMatchObject({ input: 0.25, cacheWrite: 0.3, cacheWriteHour: 0.5 });
  });

  it("may have tiers of the user's own, in any order", async () => {
    const tiers = [
      { above: 500_000, input: 4 },
      { above: 100_000, input: 3, output: 9 },
    ];
    const model = await only({ id: 'own-tiers', provider: 'own', price: { input: 2, output: 6, tiers } });
    expect(model.upstreams[0]?.price?.tiers?.map(({ above }) => above)).toEqual([100_000, 500_000]);
  });

  it('are found by the name alone behind an address that no price list knows', async () => {
    const providers = { proxy: { kind: 'openai', baseUrl: 'https://llm.example/v1' } };
    const { models } = await build([{ id: 'm', provider: 'proxy', model: 'openai/gpt-4o-mini' }], undefined, providers);
    expect(models[0]?.upstreams[0]?.price?.input).toBe(0.15);
  });

  it('carry the date of the release that is installed', () => {
    const entry = fileURLToPath(import.meta.resolve('@pydantic/genai-prices'));
    const manifest: unknown = JSON.parse(readFileSync(entry.replace(/dist\/.*$/, 'package.json'), 'utf8'));
    expect(manifest, 'set PRICE_DATA to the installed release and its day of publication').toMatchObject({
      version: PRICE_DATA.version,
    });
  });
});

describe('limits and capabilities', () => {
  it('come from the price data and the supplement', async () => {
    const model = await only({ id: 'smart', provider: 'router', model: 'anthropic/claude-3.5-sonnet' });
    expect(model).toMatchObject({ contextWindow: 200_000, maxOutput: 8192, capabilitiesKnown: true });
    expect([...model.capabilities].sort()).toEqual(['files', 'tools', 'vision']);
  });

  it("are the user's own where the configuration has them, an empty list included", async () => {
    const model = await only({
      id: 'gpt-4o-mini',
      provider: 'openai',
      contextWindow: 1000,
      maxOutput: 10,
      capabilities: [],
    });
    expect(model).toMatchObject({ contextWindow: 1000, maxOutput: 10, capabilitiesKnown: true });
    expect(model.capabilities.size).toBe(0);
  });

  it('stay unknown when nobody knows them', async () => {
    const model = await only({ id: 'nobody-knows-this', provider: 'openai' });
    expect(model.contextWindow).toBeUndefined();
    expect(model.maxOutput).toBeUndefined();
    expect(model.capabilitiesKnown).toBe(false);
  });

  it('are the smallest window and what all can do when upstreams differ; an unknown upstream changes nothing', async () => {
    const model = await only({
      id: 'mixed',
      upstreams: [
        { provider: 'openai', model: 'gpt-4.1' },
        { provider: 'openai', model: 'o3-mini' },
        { provider: 'openai', model: 'nobody-knows-this' },
      ],
    });
    expect(model).toMatchObject({ contextWindow: 200_000, maxOutput: 32_768, capabilitiesKnown: true });
    expect([...model.capabilities].sort()).toEqual(['json', 'tools']);
  });

  it('of a simulated model are only what its configuration says, whatever it is called', async () => {
    const model = await only({ id: 'gpt-4o', provider: 'sim' });
    expect(model.capabilitiesKnown).toBe(false);
    expect(model.contextWindow).toBeUndefined();
  });
});

describe('versions', () => {
  const models: ModelInput[] = [
    { id: 'a', provider: 'openai', model: 'gpt-4o', aliases: ['x', 'y'], capabilities: ['tools', 'json'] },
    { id: 'b', provider: 'openai', model: 'gpt-4o-mini' },
  ];

  it('are the same for the same content, on another day and with lists in another order', async () => {
    const [first, second] = models;
    if (first === undefined || second === undefined) throw new Error('two models');
    const one = await build(models, '2026-10-01');
    const two = await build([{ ...first, aliases: ['y', 'x'], capabilities: ['json', 'tools'] }, second], '2026-10-02');
    expect([two.version, two.pricesVersion]).toEqual([one.version, one.pricesVersion]);
    expect(one.version).toMatch(/^[0-9a-f]{12}$/);
  });

  it('change with a price; prices only then', async () => {
    const one = await build(models);
    const priced = await build([
      ...models.slice(0, 1),
      { id: 'b', provider: 'openai', price: { input: 1, output: 1 } },
    ]);
    const limited = await build(models.map((model) => ({ ...model, maxOutput: 5 })));
    expect(priced.version).not.toBe(one.version);
    expect(priced.pricesVersion).not.toBe(one.pricesVersion);
    expect(limited.version).not.toBe(one.version);
    expect(limited.pricesVersion).toBe(one.pricesVersion);
  });

  it('do not change for prices when models change their order, and do change for the catalogue, where order decides', async () => {
    const one = await build(models);
    const two = await build([...models].toReversed());
    expect(two.pricesVersion).toBe(one.pricesVersion);
    expect(two.version).not.toBe(one.version);
  });
});
