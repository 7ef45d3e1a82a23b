import { describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { buildCatalog } from './build.ts';
import { modelRows } from './model-rows.ts';

const catalog = await buildCatalog(
  configSchema.parse({
    providers: { openai: { kind: 'openai' } },
    models: [
      { id: 'fast', provider: 'openai', model: 'gpt-4o-mini', aliases: ['gpt-4o-mini*'] },
      { id: 'odd', provider: 'openai', model: 'nobody-knows-this' },
    ],
    roles: { engineer: {} },
  }),
);

describe('modelRows', () => {
  const rows = modelRows(catalog, ['engineer']);

  it('lists real models first, then every name that is routed', () => {
    expect(rows.map((row) => row.id)).toEqual([
      'fast',
      'odd',
      'auto',
      'auto:cost',
      'auto:balanced',
      'auto:quality',
      'claude-auto',
      'role/engineer',
    ]);
  });

  it('tells window, limit, capabilities, aliases and price with its source', () => {
    expect(rows[0]).toMatchObject({
      object: 'model',
      created: 0,
      owned_by: 'openai',
      context_length: 128_000,
      max_output_tokens: 16_384,
      capabilities: ['tools', 'vision', 'json', 'files'],
      aliases: ['gpt-4o-mini*'],
      pricing: { unit: 'usd_per_million_tokens', input: 0.15, output: 0.6, provenance: { source: 'genai-prices' } },
    });
  });

  it('leaves out what is unknown and shows an unknown price as null', () => {
    expect(rows[1]).toEqual({
      id: 'odd',
      object: 'model',
      display_name: 'odd',
      created: 0,
      owned_by: 'openai',
      pricing: null,
    });
  });

  it('lists only names that resolve', () => {
    for (const { id } of rows) expect(catalog.resolve(id).kind).not.toBe('unknown');
  });
});
