import { describe, expect, it } from 'vitest';
import { twoTopics } from '../../routers/fixtures.ts';
import { knn } from '../../routers/knn.ts';
import { CONTROL_NAMES, crossValidate } from './evaluate.ts';
import { originParts, type Origin } from './origin.ts';
import { predictionLines } from './predictions.ts';
import { reportHtml } from './report-html.ts';
import { reportJson } from './report-json.ts';
import { reportMarkdown } from './report-markdown.ts';
import { aboutControl } from './report-about.ts';
import { headline, verdictText } from './report-verdict.ts';
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
const options = { seed: 1, folds: 3, resamples: 20, routers: [knn], learningCurve: true, now: () => 0 };
const priced = crossValidate('priced', set, options);
const unpriced = crossValidate(EVIL, topics, options);
const origin: Origin = {
  version: '1.2.3',
  at: Date.UTC(2026, 10, 25, 9, 30, 59),
  options: { router: 'knn', seed: '1', folds: '3' },
  train: [],
  data: [{ name: `${EVIL}.jsonl`, rows: 60, sha256: 'ab'.repeat(32) }],
};
const report: EvaluationReport = {
  seed: 1,
  folds: 3,
  resamples: 20,
  train: [],
  origin,
  sets: [priced.report, unpriced.report],
};

function never(): never {
  throw new Error('no router was judged');
}

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

describe('the origin', () => {
  it('is told in the parts of one line: version, minute in UTC, options, files', () => {
    expect(originParts(origin)).toEqual([
      'Signalbox 1.2.3, 2026-11-25 09:30 UTC',
      '--router knn --seed 1 --folds 3',
      `judged on ${EVIL}.jsonl: 60 rows, SHA-256 ${'ab'.repeat(32)}`,
    ]);
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

describe('reportJson on what is proved', () => {
  it('has a verdict on every router, none on controls, and the origin with an ISO date', () => {
    expect(reportJson(report)).toMatchObject({
      origin: { version: '1.2.3', at: '2026-11-25T09:30:59.000Z' },
      sets: [
        {
          routers: [
            {
              name: 'knn',
              verdict: {
                text: expect.stringMatching(/^knn, by auc: .*\.$/),
                measure: 'auc',
                against: Object.fromEntries(
                  ['prototype', 'constant', 'length', 'shuffled'].map((name) => [
                    name,
                    expect.stringMatching(/^(better|undecided|worse)$/),
                  ]),
                ),
                promises: { balanced: expect.stringMatching(/^(kept|undecided|missed)$/) },
              },
            },
            ...CONTROL_NAMES.map((name) => ({ name, verdict: null })),
          ],
        },
        { routers: [{ verdict: { measure: 'quality', promises: {} } }, ...CONTROL_NAMES.map(() => ({}))] },
      ],
    });
  });
});

/** Text between tags. */
const plain = (html: string): string =>
  html
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('\u00A0', ' ');

describe('reportHtml', () => {
  const html = reportHtml(report);

  it('needs nothing from anywhere and runs nothing', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|https?:/i);
    expect(html).toContain("default-src 'none'");
  });

  it('shows texts from the data as texts', () => {
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; a|b');
  });

  it('says what is proved, and shows the differences that prove it', () => {
    expect(plain(html)).toContain(verdictText(priced.report.routers[0] ?? never()));
    for (const name of ['prototype', 'constant', 'length', 'shuffled']) expect(html).toContain(`>auc − ${name}</th>`);
  });

  it('explains every control, in a list and where one points', () => {
    for (const name of CONTROL_NAMES) {
      expect(html).toContain(`<dt>${name}</dt><dd>${aboutControl(name) ?? ''}`);
      expect(html).toContain(`title="${aboutControl(name) ?? ''}">${name}</span>`);
    }
  });

  it('says what made it, from what', () => {
    expect(plain(html)).toContain(
      'Signalbox 1.2.3, 2026-11-25 09:30 UTC · --router knn --seed 1 --folds 3 · judged on',
    );
    expect(html).toContain('ab'.repeat(32));
    const { origin: _origin, ...untold } = report;
    expect(reportHtml(untold)).not.toContain('SHA-256');
  });

  it('holds texts of the data and says so, or holds none', () => {
    const texts = [...priced.report.drawn.regrets.values()].flat().map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(html).toContain(`<td class="text">${text}</td>`);
    expect(html).toContain('--no-texts');
    const without = reportHtml(report, { texts: false });
    for (const text of texts) expect(without).not.toContain(text);
    expect(without).toContain('Worst queries of knn');
  });

  it('draws lines as its legends say', () => {
    const learning = html.slice(html.indexOf('<h3>Learning curve'), html.indexOf('<h3>Calibration'));
    const legend = learning.slice(learning.indexOf('<ul class="legend">'));
    expect(legend).toContain('<i class="reference"></i>prototype');
    expect(legend).toContain('<i class="zero"></i>mixing single models');
    expect(learning).toContain('class="sweep reference"');
    expect(learning).toContain('class="hullline"');
    const rule = (name: string): string => new RegExp(`${name} \\{[^}]*\\}`).exec(html)?.[0] ?? '';
    expect(rule('\\.sweep\\.reference')).toContain('stroke-dasharray: 6 4');
    expect(rule('\\.legend i\\.reference')).toContain('dashed');
    expect(rule('\\.hullline, \\.ideal')).toContain('stroke-dasharray: 2 4');
    expect(rule('\\.legend i\\.zero')).toContain('dotted');
  });

  it('fills the dots of models that a mixture can use, not those of others that are as good', () => {
    const singles = [
      { model: 'cheap', quality: 0.5, cost: 0.001 },
      { model: 'dear', quality: 0.9, cost: 0.01 },
      { model: 'as good and dearer', quality: 0.9, cost: 0.02 },
    ];
    const drawn = { ...priced.report.drawn, singles, zeroHull: singles.slice(0, 2) };
    const page = reportHtml({ ...report, sets: [{ ...priced.report, drawn }] });
    const filled = [...page.matchAll(/<circle class="single hull"[^>]*><title>([^:]*):/g)].map(([, name]) => name);
    expect(new Set(filled)).toEqual(new Set(['cheap', 'dear']));
  });

  it('draws no number that is none', () => {
    expect(html).not.toMatch(/NaN|Infinity|undefined|\bnull\b/);
  });
});

describe('reportMarkdown', () => {
  it('is one table row per router, whatever is in the names', () => {
    const lines = reportMarkdown(report).split('\n');
    const rows = lines.filter((line) => line.startsWith('| prototype |') || line.startsWith('| oracle |'));
    // Both sets: what a user gets, and diagnostics.
    expect(rows).toHaveLength(8);
    expect(lines.filter((line) => line.includes('a\\|b')).length).toBeGreaterThan(0);
  });
});

describe('reportMarkdown on what is proved', () => {
  const [own = never()] = priced.report.routers;
  const withDifference = (low: number, high: number): string => {
    const ci = [low, high] as const;
    const prototype = { difference: (low + high) / 2, ci };
    const router = { ...own, aucMinusZeroCi: ci, aucMinusControls: { prototype } };
    return reportMarkdown({ ...report, sets: [{ ...priced.report, routers: [router] }] });
  };
  const bold = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .flatMap((line) => line.match(/\*\*.*?\*\*/g) ?? []);

  it('bolds what is better with its whole interval above 0, nothing else', () => {
    expect(bold(withDifference(-0.001, 0.02))).toEqual([]);
    expect(bold(withDifference(-0.02, -0.001))).toEqual([]);
    expect(bold(withDifference(0.01, 0.02))).toEqual([
      '**+.0150 [+.0100, +.0200] better**',
      expect.stringMatching(/\[\+\.0100, \+\.0200\]\*\*$/),
    ]);
  });

  it('begins a set with the headline and the verdicts, and ends with controls and origin', () => {
    const text = reportMarkdown(report);
    expect(text).toContain(`### priced\n\n${headline(priced.report)}\n\n- ${verdictText(own)}\n`);
    for (const name of CONTROL_NAMES) expect(text).toContain(`- \`${name}\`: ${aboutControl(name) ?? ''}`);
    expect(text).toContain('2026-11-25 09:30 UTC');
    expect(text).toContain('&lt;script&gt;');
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
