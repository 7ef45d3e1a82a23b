import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { all, failureOf, line, scratch } from './fixtures.ts';
import { readLocatedRows, readRows } from './read.ts';

const { path, put } = scratch();
const failure = async (name: string, content: string | Uint8Array, options = {}) =>
  failureOf(all(readRows(await put(name, content), options)));

describe('readRows', () => {
  it('reads rows with all their members, null as absent and strange members ignored', async () => {
    const outcome = {
      score: 0.5,
      cost_usd: 0.01,
      input_tokens: 10,
      output_tokens: 20,
      output_chars: 80,
      latency_s: 1.5,
      cost_est_usd: null,
      strange: {},
    };
    const given = {
      id: 'a',
      dataset: 'set',
      benchmark: 'maths',
      split: null,
      date: '2024-05-13',
      query: 'Häagen 你好',
    };
    const file = await put(
      'whole.jsonl',
      JSON.stringify({ ...given, tools: ['x'], outcomes: { m: outcome }, more: 1 }),
    );
    expect(await all(readRows(file))).toEqual([
      {
        id: 'a',
        dataset: 'set',
        benchmark: 'maths',
        date: '2024-05-13',
        query: 'Häagen 你好',
        tools: ['x'],
        outcomes: {
          m: { score: 0.5, costUsd: 0.01, inputTokens: 10, outputTokens: 20, outputChars: 80, latencyS: 1.5 },
        },
      },
    ]);
  });

  it('tells gzip by its content, tolerates a byte order mark, CRLF and blank lines, and counts them', async () => {
    const text = `\uFEFF${line('a')}\r\n\r\n  \n${line('b')}`;
    for (const [name, content] of [
      ['plain.jsonl.gz', Buffer.from(text)],
      ['packed.jsonl', gzipSync(text)],
      ['two-members.jsonl', Buffer.concat([gzipSync(text.slice(0, 20)), gzipSync(text.slice(20))])],
    ] as const) {
      const rows = await all(readLocatedRows(await put(name, content)));
      expect(rows.map(({ row, place }) => [row.id, place.line])).toEqual([
        ['a', 1],
        ['b', 4],
      ]);
      expect(rows[0]?.row.dataset).toBe(name.split('.')[0]);
    }
  });

  it('reads a query of 5 MB between others, plain and packed', async () => {
    const query = 'x€'.repeat(5 * 2 ** 18);
    const text = [line('a'), line('b', { m: { score: 1 } }, { query }), line('c')].join('\n');
    for (const content of [Buffer.from(text), gzipSync(text)]) {
      const rows = await all(readRows(await put('large.jsonl', content)));
      expect(rows.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
      expect(rows[1]?.query === query).toBe(true);
    }
  });

  it('refuses a line beyond the limit before it has read it whole', async () => {
    const text = `${line('a')}\n${'x'.repeat(300_000)}`;
    expect(await failure('long.jsonl', text, { maxLineBytes: 100_000 })).toBe(
      'dataset_invalid: long.jsonl:2: the line is longer than 100000 bytes; one line holds one query',
    );
    expect(await failure('long.jsonl', `${text}\n`, { maxLineBytes: 100_000 })).toContain(
      'long.jsonl:2: the line is longer',
    );
  });

  it('names the line that a truncated gzip file ends in, and a damaged one breaks in', async () => {
    const text = Array.from({ length: 4000 }, (_, i) => line(`row ${i}`, { m: { score: (i % 101) / 100 } })).join('\n');
    const packed = gzipSync(text);
    const cut = await failure('cut.jsonl.gz', packed.subarray(0, packed.length / 2));
    expect(cut).toMatch(
      /^dataset_invalid: cut\.jsonl\.gz:\d+: the gzip file is truncated: nothing can be read after this line$/,
    );
    expect(Number(/:(\d+):/.exec(cut.slice(17))?.[1])).toBeGreaterThan(1000);
    expect(await failure('checksum.jsonl.gz', packed.subarray(0, -3))).toContain(
      'checksum.jsonl.gz:4000: the gzip file is truncated',
    );
    expect(await failure('header.jsonl.gz', packed.subarray(0, 6))).toContain(
      'header.jsonl.gz:1: the gzip file is truncated',
    );
    const flipped = Buffer.from(packed);
    flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
    expect(await failure('flipped.jsonl.gz', flipped)).toMatch(
      /flipped\.jsonl\.gz:\d+: the gzip file is damaged: .* \(Z_DATA_ERROR\)/,
    );
  });

  it('names line and column of broken JSON, and the line of bytes that are not UTF-8', async () => {
    expect(await failure('broken.jsonl', `${line('a')}\n\n{"id":"b",}\n`)).toBe(
      'dataset_invalid: broken.jsonl:3: not valid JSON: column 11: unexpected `}`; expected a key in double quotes',
    );
    expect(await failure('open.jsonl', '{"id":"b"')).toContain(
      'open.jsonl:1: not valid JSON: column 10: unexpected end of the line',
    );
    const bytes = Buffer.concat([Buffer.from(`${line('a')}\n{"id":"`), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(await failure('latin.jsonl', bytes)).toBe('dataset_invalid: latin.jsonl:2: the line is not valid UTF-8');
  });

  it.each([
    ['outcomes.gpt-4.score: expected a number 0..1, got 7', { outcomes: { 'gpt-4': { score: 7 } } }],
    ['outcomes.gpt-4.score: expected a number 0..1, got -0.1', { outcomes: { 'gpt-4': { score: -0.1 } } }],
    ['outcomes.gpt-4.score: expected a number 0..1, got "1"', { outcomes: { 'gpt-4': { score: '1' } } }],
    ['outcomes.gpt-4.score: expected a number 0..1, got null', { outcomes: { 'gpt-4': { score: null } } }],
    ['outcomes.gpt-4.score: expected a number 0..1, got nothing', { outcomes: { 'gpt-4': {} } }],
    ['outcomes.m: expected an object with score, got 1', { outcomes: { m: 1 } }],
    [
      'outcomes.m.cost_usd: expected a number of at least 0 or null, got -1',
      { outcomes: { m: { score: 1, cost_usd: -1 } } },
    ],
    [
      'outcomes.m.latency_s: expected a number of at least 0 or null, got "2"',
      { outcomes: { m: { score: 1, latency_s: '2' } } },
    ],
    ['outcomes: expected at least one model, got none', { outcomes: {} }],
    ['outcomes: expected an object with one member per model, got []', { outcomes: [] }],
    ['outcomes: expected an object with one member per model, got nothing', { outcomes: undefined }],
    ['outcomes: "" cannot name a model', { outcomes: { '': { score: 1 } } }],
    ['id: expected a text, got 7', { id: 7 }],
    ['id: expected a text, got ""', { id: '' }],
    ['query: expected a text, got null', { query: null }],
    ['benchmark: expected a text or null, got 7', { benchmark: 7 }],
    ['date: expected a date such as 2024-05-13, got "May 2024"', { date: 'May 2024' }],
    ['date: expected a date such as 2024-05-13, got "2024-13-45"', { date: '2024-13-45' }],
    ['tools: expected a list of names, got "x"', { tools: 'x' }],
    ['tools[1]: expected a name, got {}', { tools: ['x', {}] }],
    ['dataset: expected a text, got 1', { dataset: 1 }],
  ])('says %s', async (message, members) => {
    const bad = line('b', undefined, members);
    expect(await failure('bad.jsonl', `${line('a')}\n${bad}\n`)).toBe(`dataset_invalid: bad.jsonl:2: ${message}`);
  });

  it('refuses what is not an object, numbers beyond double, and a model called __proto__', async () => {
    expect(await failure('list.jsonl', '[1]')).toContain('list.jsonl:1: expected an object, got [1]');
    expect(await failure('big.jsonl', '{"id":"a","query":"","outcomes":{"m":{"score":1,"cost_usd":1e999}}}')).toContain(
      'outcomes.m.cost_usd: expected a number of at least 0',
    );
    expect(await failure('proto.jsonl', '{"id":"a","query":"","outcomes":{"__proto__":{"score":1}}}')).toContain(
      '"__proto__" cannot name a model',
    );
  });

  it('says when there is no such file, or a folder', async () => {
    expect(await failureOf(all(readRows(path('none.jsonl'))))).toBe(
      'invalid_request: none.jsonl: there is no such file',
    );
    expect(await failureOf(all(readRows(path('.'))))).toContain('this is a folder');
  });

  it('may be left at any time', async () => {
    const file = await put('many.jsonl.gz', gzipSync(`${line('a')}\n`.repeat(50_000)));
    for await (const { id } of readRows(file)) {
      expect(id).toBe('a');
      break;
    }
  });
});
