import { expect, it } from 'vitest';
import { createReloads } from './reloads.ts';

it('tells of the newest file that is refused, until each one holds', () => {
  let now = 1;
  const reloads = createReloads({ now: () => now });
  expect(reloads.status()).toEqual({ config: null, artifact: null });
  reloads.refuse('artifact', 'a', 'broken');
  now = 2;
  reloads.refuse('artifact', 'b', 'gone');
  expect(reloads.status()).toEqual({ config: null, artifact: { refusedAt: 2, error: 'gone' } });
  now = 3;
  reloads.refuse('artifact', 'a', 'still broken');
  expect(reloads.status().artifact).toEqual({ refusedAt: 3, error: 'still broken' });
  expect(reloads.settle('artifact', 'a')).toBe(true);
  expect(reloads.settle('artifact', 'a')).toBe(false);
  expect(reloads.status().artifact).toEqual({ refusedAt: 2, error: 'gone' });
  reloads.settle('artifact', 'b');
  expect(reloads.status()).toEqual({ config: null, artifact: null });
});
