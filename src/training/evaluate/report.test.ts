import { describe, expect, it } from 'vitest';
import { twoTopics } from '../../routers/fixtures.ts';
import { crossValidate } from './evaluate.ts';
import { predictionLines } from './predictions.ts';
import { reportHtml } from './report-html.ts';
import { reportJson } from './report-json.ts';
import { reportMarkdown } from './report-markdown.ts';
import { dollars, dollarTick, score, share, signed } from './report-text.ts';
import type { EvaluationReport } from './report.ts';
import { linearTicks, logTicks } from './svg.ts';

const topics = twoTopics(60);
const EVIL = '<script>alert("x")</script> & a|b';
const set = {
  ...topics,
  ids: topics.ids.map((id, i) => (i === 0 ? EVIL : id)),
  labels: topics.labels.map((label, i) => (i % 7 === 0 ? EVIL : label)),
  costs: topics.scores.map((_, i) => 0.001 * (1 + (i % topics.models.length))),
};
const options = { seed: 1, folds: 3, resamples: 20, routers: [], now: () => 0 };
const priced = crossValidate('priced', set, options);
const unpriced = crossValidate(EVIL, topics, options);
const report: EvaluationReport = {
  seed: 1,
  folds: 3,
  resamples: 20,
  train: [],
  sets: [priced.report, unpriced.report],
};

describe('numbers in tables', () => {
  it('are short and never a negative nothing', () => {
    expect([score(0.84231), score(-0.0021), score(1), score(null), score(-0.00001)]).toEqual([
      '.8423',
      '−.0021',
      '1.0000',
      '–',
      '.0000',
    ]);
    expect([signed(0.0032), signed(-0.0032), signed(-0.00001)]).toEqual(['+.0032', '−.0032', '+.0000']);
    expect([share(0.982, 1), share(-0.0001), share(-0.5)]).toEqual(['98.2 %', '0 %', '−50 %']);
    expect([dollars(0.00217), dollars(1.5), dollars(0.0000736), dollars(0)]).toEqual([
      '$0.00217',
      '$1.50',
      '$0.0000736',
      '$0',
    ]);
    expect([0.3, 0.002, 1, 30].map(dollarTick)).toEqual(['$0.30', '$0.002', '$1', '$30']);
  });
});

describe('ticks', () => {
  it('are round and within the ends', () => {
    expect(linearTicks(0.52, 0.98, 5).map((tick) => tick.toFixed(2))).toEqual(['0.60', '0.70', '0.80', '0.90']);
    expect(logTicks(0.05, 2)).toEqual([0.1, 0.3, 1].map((tick) => expect.closeTo(tick, 9)));
    expect(linearTicks(1, 1, 5)).toEqual([1]);
  });
});

/** What every router in the JSON has, whatever the set. */
const NAMES = [
  'name',
  'auc',
  'aucCi',
  'aucMinusZeroCi',
  'gapClosed',
  'maxQuality',
  'costAtParity',
  'costAt98',
  'strategies',
  'optimalRate',
  'apgr',
  'cpt50',
  'cpt80',
  'fitSeconds',
  'decideMicros',
];

describe('reportJson', () => {
  const json: unknown = JSON.parse(JSON.stringify(reportJson(report)));

  it('has the published names, null where a set has no costs', () => {
    expect(json).toMatchObject({
      seed: 1,
      folds: 3,
      sets: [
        {
          name: 'priced',
          rows: 60,
          models: 3,
          bestSingle: { model: expect.any(String), quality: expect.any(Number), cost: expect.any(Number) },
          oracle: { quality: expect.any(Number), cost: expect.any(Number), auc: expect.any(Number) },
          zeroAuc: expect.any(Number),
        },
        { bestSingle: { cost: null }, oracle: { cost: null, auc: null }, zeroAuc: null },
      ],
    });
    for (const { routers } of report.sets) {
      for (const router of routers) expect(Object.keys(router)).toEqual(expect.arrayContaining(NAMES));
    }
    const constant = priced.report.routers.find(({ name }) => name === 'constant');
    expect(constant?.strategies.balanced).toEqual({
      quality: expect.any(Number),
      cost: expect.any(Number),
      qualityShare: expect.any(Number),
      costShare: expect.any(Number),
      ci: {
        quality: [expect.any(Number), expect.any(Number)],
        cost: [expect.any(Number), expect.any(Number)],
        qualityShare: [expect.any(Number), expect.any(Number)],
        costShare: [expect.any(Number), expect.any(Number)],
      },
    });
  });
});

describe('reportHtml', () => {
  const html = reportHtml(report);

  it('needs nothing from anywhere and runs nothing', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|https?:/i);
    expect(html).toContain("default-src 'none'");
  });

  it('shows texts from the data as texts', () => {
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; a|b');
  });

  it('draws no number that is none', () => {
    expect(html).not.toMatch(/NaN|Infinity|undefined|\bnull\b/);
  });
});

describe('reportMarkdown', () => {
  it('is one table row per router, whatever is in the names', () => {
    const lines = reportMarkdown(report).split('\n');
    const rows = lines.filter((line) => line.startsWith('| prototype |') || line.startsWith('| oracle |'));
    expect(rows).toHaveLength(4);
    expect(lines.filter((line) => line.includes('a\\|b')).length).toBeGreaterThan(0);
  });
});

describe('predictionLines', () => {
  it('is one line per judged query with choices, expected qualities and costs', () => {
    const parsed = [...predictionLines(set, priced)].map((line): unknown => JSON.parse(line));
    expect(parsed).toHaveLength(60);
    expect(parsed[1]).toMatchObject({
      set: 'priced',
      id: 'q1',
      fold: priced.split[1],
      routers: {
        prototype: {
          chosen: { 'quality-first': expect.any(String), balanced: expect.any(String) },
          quality: Object.fromEntries(set.models.map((model) => [model, expect.any(Number)])),
          cost: Object.fromEntries(set.models.map((model) => [model, expect.any(Number)])),
        },
      },
    });
  });
});
