import { describe, expect, it } from 'vitest';
import { all, failureOf, line, scratch } from '../fixtures.ts';
import { loadDataset } from '../load.ts';
import { importerConformance } from './conformance.ts';
import { llmRouter } from './llmrouter.ts';
import { own } from './own.ts';
import { pythonList } from './python-list.ts';
import { importerOf } from './registry.ts';
import { routeLlm } from './routellm.ts';
import { routerBench } from './routerbench.ts';
import { routerDc } from './routerdc.ts';

const jsonl = (...values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

importerConformance(own, {
  name: 'mine.jsonl',
  content: `${line('a')}\n\n${line('b', { n: { score: 0.5, cost_usd: 2 } })}\n`,
  rows: [
    { id: 'a', dataset: 'mine', query: 'query a', outcomes: { m: { score: 1 } } },
    { id: 'b', dataset: 'mine', query: 'query b', outcomes: { n: { score: 0.5, costUsd: 2 } } },
  ],
  lines: [1, 3],
  broken: [
    {
      content: `${line('a')}\n${line('b', { m: { score: 2 } })}`,
      message: '2: outcomes.m.score: expected a number 0..1, got 2',
    },
  ],
});

const asked = (query: string, model: string, performance: unknown, more: object = {}): object => ({
  task_name: 'sums',
  query,
  ground_truth: '4',
  metric: 'em',
  choices: null,
  model_name: model,
  response: 'It is 4.',
  token_num: 30,
  performance,
  embedding_id: 1,
  ...more,
});

importerConformance(llmRouter, {
  name: 'default_routing_train_data.jsonl',
  // Lines come in the order in which answers came: mixed, one model asked twice, one that failed.
  content: jsonl(
    asked('2 + 2?', 'small', 1, { input_tokens: 20, output_tokens: 10, response_time: 0.5 }),
    asked('1 + 3?', 'large', 0.5, { prompt_tokens: 21, completion_tokens: 4 }),
    asked('2 + 2?', 'large', 1),
    asked('2 + 2?', 'small', 0, { input_tokens: 20, output_tokens: 20, response_time: 1.5, response: '' }),
    asked('1 + 3?', 'small', null),
    asked('never answered', 'small', null),
  ),
  rows: [
    {
      id: 'llmrouter/default_routing_train_data/0',
      dataset: 'llmrouter',
      benchmark: 'sums',
      split: 'train',
      query: '2 + 2?',
      outcomes: {
        small: { score: 0.5, inputTokens: 20, outputTokens: 15, outputChars: 4, latencyS: 1 },
        large: { score: 1, outputChars: 8 },
      },
    },
    {
      id: 'llmrouter/default_routing_train_data/1',
      dataset: 'llmrouter',
      benchmark: 'sums',
      split: 'train',
      query: '1 + 3?',
      outcomes: { large: { score: 0.5, inputTokens: 21, outputTokens: 4, outputChars: 8 } },
    },
  ],
  lines: [1, 2],
  broken: [
    {
      content: jsonl(asked('x', 'm', 1), asked('x', 'm', 1.5)),
      message: '2: performance: expected a score 0..1, got 1.5',
    },
    { content: jsonl(asked('x', '', 1)), message: '1: model_name: expected a text, got ""' },
    {
      content: jsonl({ task_name: 't', model_name: 'm', performance: 1 }),
      message: '1: query: expected a text, got nothing',
    },
    {
      content: jsonl(asked('x', 'm', 1, { response_time: -1 })),
      message: '1: response_time: expected a number of at least 0, got -1',
    },
    {
      content: `${jsonl(asked('x', 'm', 1))}{"task_name":`,
      message: /:2: not valid JSON: column 14: unexpected end of the line/,
    },
  ],
});

importerConformance(routerDc, {
  name: 'sums-test.json',
  content:
    '[{"question": "2 + \\"2\\" }]?", "scores": {"org/a": 0.2, "b": 1}},\n {"question": "{3}", "cluster_id": 4,\n"scores": {"org/a": null, "b": 0}}\n]\n',
  rows: [
    {
      id: 'routerdc/sums-test/0',
      dataset: 'routerdc',
      benchmark: 'sums',
      split: 'test',
      query: '2 + "2" }]?',
      outcomes: { 'org/a': { score: 0.2 }, b: { score: 1 } },
    },
    {
      id: 'routerdc/sums-test/1',
      dataset: 'routerdc',
      benchmark: 'sums',
      split: 'test',
      query: '{3}',
      outcomes: { b: { score: 0 } },
    },
  ],
  lines: [1, 2],
  broken: [
    { content: '[\n{"question":"x","scores":{"a":2}}]', message: '2: scores.a: expected a score 0..1, got 2' },
    {
      content: '[\n{"question":"x","scores":[1]}]',
      message: '2: scores: expected an object with one number per model, got [1]',
    },
    {
      content: '[{"question":"x","scores":{"a":1}}\n',
      message: '2: not valid JSON: the file ends before the array does',
    },
    {
      content: '[{"question":"x","scores":{"a":1}},\n]',
      message: /:2: not valid JSON: expected an array of objects, found \]/,
    },
    {
      content: '[{"question":"x","scores":{"a":1}}\n{}]',
      message: /:2: not valid JSON: expected an array of objects, found {/,
    },
    {
      content: '[{"question":"x","scores":{"a":1}}]\nx',
      message: '2: not valid JSON: there is more after the end of the array',
    },
    { content: '[{"question":"x","scores":{"a":1]}]', message: /:1: not valid JSON: column 32: unexpected `]`/ },
  ],
});

importerConformance(routeLlm, {
  name: 'sums_responses.csv',
  content:
    'prompt,org/small,large,org/small_response,large_response\n"2 + 2, or\nnot ""2""?",True,False,four,\n1 + 1?,0.5,,"a,b",x\n',
  rows: [
    {
      id: 'routellm/sums_responses/0',
      dataset: 'routellm',
      benchmark: 'sums',
      query: '2 + 2, or\nnot "2"?',
      outcomes: { 'org/small': { score: 1, outputChars: 4 }, large: { score: 0, outputChars: 0 } },
    },
    {
      id: 'routellm/sums_responses/1',
      dataset: 'routellm',
      benchmark: 'sums',
      query: '1 + 1?',
      outcomes: { 'org/small': { score: 0.5, outputChars: 3 } },
    },
  ],
  lines: [2, 4],
  broken: [
    { content: 'prompt,a\nx,1\ny,7\n', message: '3: a: expected a score 0..1, got "7"' },
    { content: 'prompt,a\nx,1\ny,1,1\n', message: '3: mixed columns: expected 2 as in the header, got 3' },
    { content: 'prompt,a\n"x\ny",1\nz\n', message: '4: mixed columns: expected 2 as in the header, got 1' },
    { content: 'prompt,a\n"x,1\n', message: /:\d: not valid CSV: Quote Not Closed/ },
    { content: 'prompt,a\n,1\n', message: '2: prompt: expected a text, got ""' },
    { content: 'prompt,a\nx,\n', message: '2: outcomes: expected at least one model, got none' },
  ],
});

importerConformance(routerBench, {
  name: 'sums_train.csv',
  content:
    ',sample_id,prompt,eval_name,org/a,b,b|model_response,org/a|model_response,org/a|total_cost,b|total_cost,oracle_model_to_route_to\n' +
    `7,sums.1,['2 + 2?'],sums,1.0,0.25,"[""it's 5""]",['4'],0.0002,5e-05,org/a\n` +
    `8,sums.2,"['You count.', ""What's 1\\n+ 1?""]",sums,,1.0,['2'],,,0.5,b\n`,
  rows: [
    {
      id: 'routerbench/sums.1',
      dataset: 'routerbench',
      benchmark: 'sums',
      split: 'train',
      query: '2 + 2?',
      outcomes: {
        'org/a': { score: 1, costUsd: 0.0002, outputChars: 1 },
        b: { score: 0.25, costUsd: 0.00005, outputChars: 6 },
      },
    },
    {
      id: 'routerbench/sums.2',
      dataset: 'routerbench',
      benchmark: 'sums',
      split: 'train',
      query: "You count.\nWhat's 1\n+ 1?",
      outcomes: { b: { score: 1, costUsd: 0.5, outputChars: 1 } },
    },
  ],
  lines: [2, 3],
  broken: [
    {
      content: 'sample_id,prompt,a,a|total_cost\n1,x,1,1\n2,y,-1,1\n',
      message: '3: a: expected a score 0..1, got "-1"',
    },
    {
      content: 'sample_id,prompt,a,a|total_cost\n1,x,1,free\n',
      message: '2: a|total_cost: expected a number of at least 0, got "free"',
    },
    {
      content: 'sample_id,prompt,a,a|total_cost\n1,x,1\n',
      message: '2: mixed columns: expected 4 as in the header, got 3',
    },
    { content: 'sample_id,prompt,a,a|total_cost\n,x,1,1\n', message: '2: sample_id: expected a text, got ""' },
  ],
});

describe('formats', () => {
  const { put } = scratch();

  it('reads RouterDC also line by line', async () => {
    const file = await put('x.jsonl', jsonl({ question: 'q', scores: { a: 1 } }, { question: 'r', scores: { a: 0 } }));
    const { rows, files } = await loadDataset([file]);
    expect(files[0]?.format).toBe('routerdc');
    expect(rows.map(({ query }) => query)).toEqual(['q', 'r']);
  });

  it("takes LLMRouter's query file beside its routing file, and says that it holds no outcomes", async () => {
    const queries = await put('queries.jsonl', jsonl({ task_name: 't', query: 'q', ground_truth: '1', metric: 'em' }));
    const routing = await put('routing.jsonl', jsonl(asked('q', 'm', 1)));
    const { rows, warnings } = await loadDataset([queries, routing]);
    expect(rows).toHaveLength(1);
    expect(warnings.join()).toContain('queries.jsonl holds no outcomes');
    expect(await failureOf(loadDataset([queries]))).toContain('no outcomes to learn from');
  });

  it('says which formats there are when it knows none, and that a file is empty', async () => {
    const message = await failureOf(importerOf(await put('odd.csv', 'name,age\nx,1\n')));
    expect(message).toContain(
      'dataset_invalid: odd.csv: a first line of name, age is none of the formats that are read:',
    );
    expect(message).toContain('routerbench: CSV: sample_id, prompt');
    expect(await failureOf(importerOf(await put('odd.json', '[{"x":1}]')))).toContain('a JSON array is none of');
    expect(await failureOf(importerOf(await put('empty.jsonl', ' \n')))).toBe(
      'dataset_invalid: empty.jsonl: the file is empty',
    );
  });

  it('says what is wrong with a first line that would be our own', async () => {
    expect(await failureOf(loadDataset([await put('first.jsonl', '{"id":1}')]))).toBe(
      'dataset_invalid: first.jsonl:1: id: expected a text, got 1',
    );
    expect(await failureOf(loadDataset([await put('cut.jsonl', '{"id":')]))).toContain(
      'cut.jsonl:1: not valid JSON: column 7',
    );
  });

  it('reads an array on one line that is longer than a line may be, and a CSV that is not UTF-8 not at all', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({ question: `q ${i}`, scores: { a: 1 } }));
    const file = await put('wide.json', JSON.stringify(rows));
    expect(await all(routerDc.read(file, { maxLineBytes: 500 }))).toHaveLength(50);
    const latin = Buffer.concat([Buffer.from('prompt,a\nx'), Buffer.from([0xe9]), Buffer.from(',1\n')]);
    expect(await failureOf(all(routeLlm.read(await put('latin.csv', latin))))).toContain('not valid UTF-8');
  });
});

describe('pythonList', () => {
  it.each([
    ["['a']", ['a']],
    [`['it\\'s', "say \\"hi\\""]`, ["it's", 'say "hi"']],
    ["['a\\nb\\t\\\\n \\x41\\u00e9\\U0001F600']", ['a\nb\t\\n Aé😀']],
    ["['a', 'b']", ['a', 'b']],
    ["['\\d']", ['\\d']],
    ['[]', []],
    ['[1, 2]', undefined],
    ["['a' 'b']", undefined],
    ["['a", undefined],
    ['plain', undefined],
    ["['a'] and ['b']", undefined],
  ])('reads %s', (text, list) => {
    expect(pythonList(text)).toEqual(list);
  });
});
