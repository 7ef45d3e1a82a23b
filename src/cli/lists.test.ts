import { describe, expect, it } from 'vitest';
import { joinLists, listOf } from './lists.ts';

describe('list options', () => {
  it('take several values, however they are written', () => {
    const words = ['--data', 'a b.jsonl', 'c', '--seed', '7', '--data=d=e', '--json', '--router', 'ridge,knn', 'mlp'];
    const joined = joinLists(words, ['data', 'router']);
    expect(joined).toEqual(['--seed', '7', '--json', '--data=a b.jsonl\nc\nd=e', '--router=ridge,knn\nmlp']);
    expect(listOf(joined[3]?.slice('--data='.length))).toEqual(['a b.jsonl', 'c', 'd=e']);
    expect(listOf(joined[4]?.slice('--router='.length), { commas: true })).toEqual(['ridge', 'knn', 'mlp']);
  });

  it('stay without a value where none was given', () => {
    expect(joinLists(['--data'], ['data'])).toEqual(['--data']);
    expect(listOf(undefined)).toEqual([]);
  });
});
