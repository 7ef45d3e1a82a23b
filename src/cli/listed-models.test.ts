import { expect, it } from 'vitest';
import { buildCatalog } from '../catalog/build.ts';
import { checkedConfig } from '../checked.ts';
import { unlistedModels } from './listed-models.ts';

const troubles = async (names: readonly string[], listed: readonly string[]) => {
  const { config } = await checkedConfig(
    {
      providers: { p: { kind: 'openai', baseUrl: 'http://127.0.0.1:9', apiKey: 'k' } },
      models: names.map((id) => ({ id, provider: 'p', price: { input: 1, output: 1 } })),
    },
    {},
  );
  return unlistedModels(await buildCatalog(config), 'p', listed);
};

it('a name that the provider does not list is told, with the nearest that it does', async () => {
  expect(await troubles(['gpt-4o-mni', 'gpt-4o'], ['gpt-4o', 'gpt-4o-mini', 'o3'])).toEqual([
    {
      model: 'gpt-4o-mni',
      trouble: 'p lists 3 models, and "gpt-4o-mni" is not among them; nearest: gpt-4o-mini, gpt-4o',
    },
  ]);
  expect(await troubles(['llama3.2:1b'], ['llama3.2:3b'])).toHaveLength(1);
});

it.each([
  ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
  ['gpt-4o', 'gpt-4o-2024-08-06'],
  ['gemini-2.5-pro', 'models/gemini-2.5-pro'],
  ['llama3.2', 'llama3.2:latest'],
  ['anything', ''],
])('%s is known where %s is listed', async (name, listed) => {
  expect(await troubles([name], listed === '' ? [] : [listed])).toEqual([]);
});
