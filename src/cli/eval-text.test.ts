import { describe, expect, it } from 'vitest';
import { twoTopics } from '../routers/fixtures.ts';
import { knn } from '../routers/knn.ts';
import { crossValidate } from '../training/evaluate/evaluate.ts';
import { setText } from './eval-text.ts';

const topics = twoTopics(60);
const costs = topics.scores.map((_, i) => 0.001 * (1 + (i % topics.models.length)));
const options = { seed: 1, folds: 3, resamples: 20, routers: [knn], now: () => 0 };
const { report } = crossValidate('topics', { ...topics, costs }, options);
const longest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
const heads = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('router '));

describe('the report of a set', () => {
  const whole = setText(report);

  it('begins with the verdict, then what a user gets, then what that proves', () => {
    const order = ['knn, by auc: ', 'What a user gets', 'Against the controls', 'Diagnostics'];
    const places = order.map((text) => whole.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  it('shows the paired differences to every control that counts', () => {
    expect(heads(whole)[1]).toMatch(/^router +auc − prototype +auc − constant +auc − length +auc − shuffled$/);
  });

  it('is one table per question where nothing limits it', () => {
    expect(heads(whole)).toHaveLength(3);
  });

  it.each([60, 80, 120])('fits a terminal of %i columns and keeps every column', (width) => {
    const narrow = setText(report, width);
    expect(longest(narrow)).toBeLessThanOrEqual(width);
    const titles = (text: string): string[] => heads(text).flatMap((line) => line.split(/ {2,}/).slice(1));
    expect(titles(narrow)).toEqual(titles(whole));
    // Nothing but breaks differs in the sentences.
    const flat = (text: string): string => (text.split('What a user gets')[0] ?? '').replaceAll(/\s+/g, ' ');
    expect(flat(narrow)).toBe(flat(whole));
  });
});
