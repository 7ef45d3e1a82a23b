import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoTopics } from '../../src/routers/fixtures.ts';
import { knn } from '../../src/routers/knn.ts';
import { crossValidate } from '../../src/training/evaluate/evaluate.ts';
import { reportHtml } from '../../src/training/evaluate/report-html.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';

const topics = twoTopics(60);
// Names as long as real ones: a table must not be wider than the page for them.
const models = topics.models.map((name) => `${name}-with-a-long-name-20240620`);
const set = { ...topics, models, costs: topics.scores.map((_, i) => 0.001 * (1 + (i % models.length))) };
const options = { seed: 1, folds: 3, resamples: 20, routers: [knn], learningCurve: true, now: () => 0 };

describe.skipIf(CHROMIUM === undefined)('the report of an evaluation (needs Chromium)', { timeout: 60_000 }, () => {
  let browser: Browser;
  const report = { seed: 1, folds: 3, resamples: 20, train: [], sets: [crossValidate('topics', set, options).report] };
  const html = reportHtml(report);

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  const open = async (width: number): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    await page.setContent(html);
    return page;
  };
  /** How far the page, and each table, is wider than the room it has. */
  const overflows = async (page: Page): Promise<number[]> => {
    const boxes = await page.locator('html, .scroll:visible').all();
    return Promise.all(boxes.map((box) => box.evaluate((node) => node.scrollWidth - node.clientWidth)));
  };

  it('shows every column on a page of 1200 pixels', async () => {
    const page = await open(1200);
    expect(await overflows(page)).toEqual([0, 0, 0, 0]);
    expect(await page.locator('.cue:visible').count()).toBe(0);
    await page.close();
  });

  it('fits a phone: tables scroll by themselves and say so, letters of drawings stay readable', async () => {
    const page = await open(390);
    const [body, ...tables] = await overflows(page);
    expect(body).toBe(0);
    expect(tables.some((more) => more > 0)).toBe(true);
    expect(await page.locator('.cue:visible').count()).toBe(tables.length);
    const letters = await page
      .locator('figure:not(.small) svg:visible text')
      .evaluateAll((texts) => texts.map((text) => text.getBoundingClientRect().height));
    expect(letters.length).toBeGreaterThan(10);
    expect(Math.min(...letters)).toBeGreaterThan(10);
    await page.close();
  });
});
