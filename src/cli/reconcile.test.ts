import { describe, expect, it } from 'vitest';
import type { BookedDay } from '../ledger/booked.ts';
import { readBill } from './bill.ts';
import { plainModel, reconcile } from './reconcile.ts';

const booked = (day: string, upstream: string, rest: Partial<BookedDay> = {}): BookedDay => ({
  day,
  upstream,
  provider: upstream.slice(0, upstream.indexOf('/')),
  calls: 1,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsd: 0,
  unpriced: 0,
  estimated: 0,
  ...rest,
});

const ANTHROPIC_COST = `usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed
2026-11-01,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,1.00,1.00,token,global,
2026-11-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,0.25,0.25,token,global,
2026-11-01,Claude Sonnet 4.5,Default,k,message,≤ 200k,input_no_cache,3.00,3.00,token,global,
`;
const ANTHROPIC_USAGE = `usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed
2026-11-01,claude-haiku-4-5-20251001,k,Default,standard,≤ 200k,100,20,30,40,10,0,global,
2026-11-02,claude-haiku-4-5-20251001,k,Default,standard,≤ 200k,5,0,0,0,5,0,global,
`;
const OPENAI_COST = `\uFEFFstart_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,user_id,api_key_id,project_id,organization_id
1761955200,1762041600,2025-11-01T00:00:00+00:00,2025-11-02T00:00:00+00:00,0.50,usd,1,tokens,"gpt-4o-mini-2024-07-18, input",,,p,o
1761955200,1762041600,2025-11-01T00:00:00+00:00,2025-11-02T00:00:00+00:00,1.50,usd,1,tokens,"gpt-4o-mini-2024-07-18, output",,,p,o
1762041600,1762128000,2025-11-02T00:00:00+00:00,2025-11-03T00:00:00+00:00,,,,,,,,,
`;
const OPENAI_USAGE = `start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
1761955200,1761955260,2025-11-01T00:00:00+00:00,2025-11-01T00:01:00+00:00,p,2,,k,gpt-4o-mini-2024-07-18,false,default,100,20,40,60
1762034400,1762034460,2025-11-01T22:00:00+00:00,2025-11-01T22:01:00+00:00,p,1,,k,gpt-4o-mini-2024-07-18,false,default,10,5,0,10
`;

describe('a bill', () => {
  it.each([
    ["Anthropic's cost export", 'anthropic', ANTHROPIC_COST, 3, 0],
    ["Anthropic's usage export", 'anthropic', ANTHROPIC_USAGE, 2, 0],
    ["OpenAI's cost export", 'openai', OPENAI_COST, 2, 1],
    ["OpenAI's usage export", 'openai', OPENAI_USAGE, 2, 0],
  ])('is known by its columns: %s', (format, kind, text, rows, skipped) => {
    const bill = readBill(text);
    expect({ ...bill, rows: bill.rows.length }).toEqual({ format, kind, rows, skipped });
    // As a spreadsheet saves it: other line ends, tabs.
    expect(readBill(text.replaceAll('\n', '\r\n')).rows).toEqual(bill.rows);
  });

  it('holds the cache in its input tokens, whoever wrote it', () => {
    expect(readBill(ANTHROPIC_USAGE).rows[0]).toMatchObject({ day: '2026-11-01', inputTokens: 190, outputTokens: 10 });
    expect(readBill(OPENAI_USAGE).rows[0]).toMatchObject({ day: '2025-11-01', inputTokens: 100, outputTokens: 20 });
  });

  it('of anyone is read by what its columns are said to mean', () => {
    const text = 'Day\tThing\tUSD\n2026-11-01\tm\t$1,234.50\nnever\tm\t1\n2026-11-02\tm\t\n';
    expect(readBill(text, 'date=Day, model=Thing, cost=USD')).toEqual({
      format: 'the columns that were named',
      rows: [{ day: '2026-11-01', model: 'm', costUsd: 1234.5, inputTokens: null, outputTokens: null }],
      skipped: 2,
    });
  });

  it.each([
    ['a,b\n1,2\n', undefined, /none of OpenAI's or Anthropic's exports: a, b; say what they mean with --columns/],
    ['a,b\n1,2\n', 'date=c,cost=b', /no column "c"; there are a, b/],
    ['a,b\n1,2\n', 'day=a,cost=b', /--columns takes date=…, model=…/],
    ['a,b\n1,2\n', 'date=a', /needs date=…, and cost/],
    ['a,b\nx,2\n', 'date=a,cost=b', /none of the 1 rows has a day/],
    ['a,b\n', undefined, /no rows/],
  ])('%j with %s is refused', (text, columns, message) => {
    expect(() => readBill(text, columns)).toThrow(message);
  });
});

describe('models', () => {
  it.each([
    ['Claude Haiku 4.5', 'p/claude-haiku-4-5-20251001'],
    ['Claude 3.5 Sonnet 2024-10-22', 'p/claude-3-5-sonnet-latest'],
    ['gpt-4o-mini-2024-07-18', 'p/gpt-4o-mini'],
    ['GPT-4o mini', 'router/openai/gpt-4o-mini'],
  ])('%s is %s', (billed, upstream) => {
    expect(plainModel(billed)).toBe(plainModel(upstream));
  });

  it('that differ stay apart', () => {
    expect(plainModel('gpt-4o')).not.toBe(plainModel('gpt-4o-mini'));
    expect(plainModel('claude-opus-4-1')).not.toBe(plainModel('claude-opus-4-5'));
  });
});

describe('a comparison', () => {
  it('sets cost against cost by model and day, and names what is missing on either side', () => {
    const { measure, lines, total } = reconcile(readBill(ANTHROPIC_COST), [
      booked('2026-11-01', 'claude/claude-haiku-4-5-20251001', { costUsd: 1.2, estimated: 1 }),
      booked('2026-11-01', 'claude/claude-opus-4-5', { costUsd: 0.5 }),
      booked('2026-11-01', 'claude/claude-never-billed', { calls: 3 }),
      booked('2026-11-02', 'claude/claude-haiku-4-5', { unpriced: 2 }),
    ]);
    expect(measure).toBe('costUsd');
    expect(lines).toEqual([
      {
        day: '2026-11-01',
        model: 'claude-haiku-4-5',
        captured: 1.2,
        billed: 1.25,
        ratio: 0.96,
        unpriced: 0,
        estimated: 1,
      },
      {
        day: '2026-11-01',
        model: 'claude-opus-4-5',
        captured: 0.5,
        billed: null,
        ratio: null,
        missing: 'bill',
        unpriced: 0,
        estimated: 0,
      },
      {
        day: '2026-11-01',
        model: 'claude-sonnet-4-5',
        captured: null,
        billed: 3,
        ratio: null,
        missing: 'ledger',
        unpriced: 0,
        estimated: 0,
      },
      {
        day: '2026-11-02',
        model: 'claude-haiku-4-5',
        captured: 0,
        billed: null,
        ratio: null,
        missing: 'bill',
        unpriced: 2,
        estimated: 0,
      },
    ]);
    expect(total).toEqual({
      day: 'total',
      model: '',
      captured: 1.7,
      billed: 4.25,
      ratio: 1.7 / 4.25,
      unpriced: 2,
      estimated: 1,
    });
  });

  it('sets tokens against tokens where the file tells no cost, its rows of one day together', () => {
    const { measure, lines } = reconcile(readBill(OPENAI_USAGE), [
      booked('2025-11-01', 'openai/gpt-4o-mini', { inputTokens: 110, outputTokens: 25, costUsd: 9 }),
    ]);
    expect(measure).toBe('tokens');
    expect(lines).toMatchObject([{ model: 'gpt-4o-mini', captured: 135, billed: 135, ratio: 1 }]);
  });

  it('compares days alone where the file names no models', () => {
    const bill = readBill('d,c\n2026-11-01,2\n2026-11-01,2\n', 'date=d,cost=c');
    const { lines } = reconcile(bill, [
      booked('2026-11-01', 'p/a', { costUsd: 1 }),
      booked('2026-11-01', 'p/b', { costUsd: 2 }),
    ]);
    expect(lines).toMatchObject([{ model: '(all)', captured: 3, billed: 4, ratio: 0.75 }]);
  });
});
