import { describe, expect, it } from 'vitest';
import { retryAfterOf } from './classify.ts';
import { providerConformance } from './conformance.ts';
import { dialectsOf, PRESETS } from './presets.ts';
import { generateTasks, solve } from './simulated/tasks.ts';

for (const preset of PRESETS) if (dialectsOf(preset).includes('openai-chat')) providerConformance(preset.kind);

describe('presets', () => {
  it('have a host, or ask for one, and different names', () => {
    expect(new Set(PRESETS.map(({ kind }) => kind)).size).toBe(PRESETS.length);
    for (const { baseUrl } of PRESETS)
      if (baseUrl !== undefined) expect(new URL(baseUrl).protocol).toMatch(/^https?:$/);
  });
});

describe('retry-after', () => {
  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:05 GMT' }, 5000],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%j is %s ms', (headers, expected) => {
    expect(retryAfterOf(headers, 0)).toBe(expected);
  });
});

describe('simulated tasks', () => {
  it('are solved by the book: each checks its own right answer and refuses the wrong one', () => {
    const tasks = generateTasks({ seed: 3, count: 400 });
    expect(new Set(tasks.map(({ topic }) => topic)).size).toBe(4);
    for (const task of tasks) {
      const solved = solve(task.prompt);
      expect(solved?.topic, task.prompt).toBe(task.topic);
      expect(task.check(solved?.answer ?? '')).toBe(true);
      expect(task.check(solved?.wrong ?? '')).toBe(false);
    }
  });

  it('are the same for the same seed', () => {
    const prompts = (seed: number) => generateTasks({ seed, count: 20 }).map(({ prompt }) => prompt);
    expect(prompts(1)).toEqual(prompts(1));
    expect(prompts(1)).not.toEqual(prompts(2));
  });
});
