import { describe, expect, it } from 'vitest';
import { loadAnswer, psAnswer, showAnswer, tagsAnswer, versionAnswer, type ListedModel } from './answers.ts';

const fast: ListedModel = {
  id: 'fast',
  contextWindow: 128_000,
  capabilities: new Set(['tools', 'vision', 'json', 'reasoning'] as const),
  createdAt: 1_700_000_000,
};

describe('wire 23: what clients probe', () => {
  it('test 7: /api/tags has what its readers read', () => {
    const { models } = tagsAnswer([fast, { id: 'auto', capabilities: [], createdAt: 0 }]);
    expect(models).toEqual([
      {
        name: 'fast',
        model: 'fast',
        modified_at: '2023-11-14T22:13:20.000Z',
        size: 0,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        details: {
          parent_model: '',
          format: '',
          family: '',
          families: [],
          parameter_size: '',
          quantization_level: '',
        },
      },
      expect.objectContaining({ name: 'auto', modified_at: '1970-01-01T00:00:00.000Z' }),
    ]);
    expect(models[0]?.digest).not.toBe(models[1]?.digest);
    expect(tagsAnswer([])).toEqual({ models: [] });
  });

  it('test 7: /api/show tells capabilities and the context length under its architecture', () => {
    const shown = showAnswer(fast);
    expect(shown).toMatchObject({ capabilities: ['completion', 'tools', 'vision', 'thinking'] });
    const architecture = shown.model_info['general.architecture'];
    expect(Object.entries(shown.model_info)).toContainEqual([`${architecture}.context_length`, 128_000]);
    const bare = showAnswer({ id: 'e', capabilities: ['embeddings'], createdAt: 0 });
    expect(bare.capabilities).toEqual(['embedding']);
    expect(Object.keys(bare.model_info).some((key) => key.endsWith('context_length'))).toBe(false);
  });

  it('test 7: /api/version and /api/ps', () => {
    expect(versionAnswer('0.12.6')).toEqual({ version: '0.12.6' });
    expect(psAnswer()).toEqual({ models: [] });
  });

  it('wire 21: answers what asks for no more than to load or unload a model', () => {
    expect(loadAnswer('ollama', { model: 'm', messages: [] }, 0)).toEqual({
      model: 'm',
      created_at: '1970-01-01T00:00:00.000Z',
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
    expect(loadAnswer('ollama-generate', { model: 'm', prompt: '', keep_alive: 0 }, 0)).toMatchObject({
      response: '',
      done: true,
      done_reason: 'unload',
    });
    expect(loadAnswer('ollama-generate', { model: 'm' }, 0)).toMatchObject({ done_reason: 'load' });
    expect(loadAnswer('ollama-generate', { model: 'm', prompt: 'x' }, 0)).toBeUndefined();
    expect(loadAnswer('ollama', { model: 'm', messages: [{}] }, 0)).toBeUndefined();
    expect(loadAnswer('ollama', { model: 'm' }, 0)).toBeUndefined();
    expect(loadAnswer('ollama', null, 0)).toBeUndefined();
  });
});
