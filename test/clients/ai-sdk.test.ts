import {
  APICallError,
  generateObject,
  generateText,
  jsonSchema,
  Output,
  stepCountIs,
  streamText,
  tool,
  type ModelMessage,
} from 'ai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signalbox } from '../../src/ai-sdk/index.ts';
import { Signalbox } from '../../src/index.ts';
import {
  answers,
  chunkEvent,
  completion,
  hangs,
  json,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startFaultServer } from '../mock-provider/faulty/server.ts';
import { temporaryFolder, twoModels } from '../support/gateway.ts';

const ANSWERED = {
  signalbox: {
    decisionId: expect.any(String),
    model: 'small',
    provider: 'one',
    reason: expect.any(String),
    costUsd: 0.000025,
  },
};

const look = tool({
  description: 'Looks at something',
  inputSchema: jsonSchema<{ at: string }>({
    type: 'object',
    properties: { at: { type: 'string' } },
    required: ['at'],
  }),
  execute: ({ at }) => Promise.resolve({ seen: `a ${at}` }),
});

/** Server-sent events, then the end. */
const streamOf =
  (...events: string[]): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(event);
    response.end();
  };

/** One behaviour after the other. */
function inTurn(...turns: Behaviour[]): Behaviour {
  return (request, response) => (turns.length > 1 ? turns.shift() : turns[0])?.(request, response);
}

function callsTool(): string {
  const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  return JSON.stringify({
    ...(JSON.parse(completion()) as object),
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
  });
}

describe('the ai package, with a box as its model', () => {
  let upstream: MockProvider;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let box: Signalbox;
  const bodyOf = (index: number): unknown => JSON.parse(upstream.requests[index]?.body ?? '{}');

  beforeEach(async () => {
    // The warnings are asserted; nobody needs them on the console.
    Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
    upstream = await startMockProvider();
    folder = await temporaryFolder();
    const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
    box = await Signalbox.open({
      ...twoModels(upstream.baseUrl),
      storage,
      roles: { reviewer: { strategy: 'largest' } },
    });
  });

  afterEach(async () => {
    await box.close();
    await upstream.close();
    await folder.remove();
  });

  it('gets an answer, its usage and what it cost', async () => {
    const result = await generateText({ model: signalbox(box)('auto'), system: 'Be brief.', prompt: 'Hi' });
    expect(result.text).toBe('Hello there.');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7, totalTokens: 18 });
    expect(result.providerMetadata).toEqual(ANSWERED);
    expect(result.warnings).toEqual([]);
    expect(result.response).toMatchObject({
      id: result.providerMetadata?.['signalbox']?.['decisionId'],
      modelId: 'small',
    });
    expect(bodyOf(0)).toEqual({
      model: 'up-small',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    });
  });

  it('streams: the same text, usage and metadata', async () => {
    const result = streamText({ model: signalbox(box)('auto'), prompt: 'Hi' });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(['Hello', ' there', '.']);
    expect(await result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    expect(await result.finishReason).toBe('stop');
    const metadata = await result.providerMetadata;
    expect(metadata).toEqual(ANSWERED);
    expect(await result.response).toMatchObject({ id: metadata?.['signalbox']?.['decisionId'], modelId: 'small' });
  });

  it('tells reasoning and text apart, whole and streamed, and counts what was cached and thought', async () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 8,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 5 },
    };
    const counts = {
      inputTokenDetails: { noCacheTokens: 6, cacheReadTokens: 4 },
      outputTokenDetails: { textTokens: 3, reasoningTokens: 5 },
    };
    const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] };
    upstream.behave(
      streamOf(
        chunkEvent({ role: 'assistant', reasoning_content: 'Hm' }),
        chunkEvent({ reasoning_content: '…' }),
        chunkEvent({ content: 'Yes' }),
        chunkEvent({}, finish),
        chunkEvent({}, { choices: [], usage }),
        'data: [DONE]\n\n',
      ),
    );
    const streamed = streamText({ model: signalbox(box)('auto'), prompt: 'Hi' });
    const types: string[] = [];
    for await (const part of streamed.fullStream) types.push(part.type);
    expect(types).toEqual([
      'start',
      'start-step',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ]);
    expect([await streamed.reasoningText, await streamed.text]).toEqual(['Hm…', 'Yes']);
    expect(await streamed.finishReason).toBe('length');
    expect(await streamed.usage).toMatchObject(counts);

    const message = { role: 'assistant', content: 'Yes', reasoning_content: 'Hm…' };
    const whole = { choices: [{ index: 0, message, finish_reason: 'length' }], usage };
    upstream.behave(json(JSON.stringify(whole)));
    const result = await generateText({ model: signalbox(box)('auto'), prompt: 'Hi' });
    expect([result.reasoningText, result.text, result.finishReason]).toEqual(['Hm…', 'Yes', 'length']);
    expect(result.usage).toMatchObject(counts);
  });

  it('calls tools, and answers with their results', async () => {
    upstream.behave(inTurn(json(callsTool()), answers));
    const result = await generateText({
      model: signalbox(box)('auto'),
      prompt: 'Look!',
      tools: { look },
      stopWhen: stepCountIs(2),
    });
    expect(result.text).toBe('Hello there.');
    expect(result.steps[0]?.toolResults).toMatchObject([{ toolName: 'look', output: { seen: 'a cat' } }]);
    expect(bodyOf(0)).toMatchObject({ tools: [{ type: 'function', function: { name: 'look' } }], tool_choice: 'auto' });
    expect(bodyOf(1)).toMatchObject({
      messages: [
        { role: 'user', content: 'Look!' },
        { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'look', arguments: '{"at":"cat"}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: '{"seen":"a cat"}' },
      ],
    });
  });

  it('calls tools in a stream, two at once, with deltas that alternate', async () => {
    const delta = (index: number, args: string, id?: string) =>
      chunkEvent({
        tool_calls: [
          {
            index,
            ...(id === undefined ? {} : { id, type: 'function' }),
            function: { ...(id === undefined ? {} : { name: 'look' }), arguments: args },
          },
        ],
      });
    const calls = streamOf(
      delta(0, '', 'a'),
      delta(1, '{"at"', 'b'),
      delta(0, '{"at":"cat"}'),
      delta(1, ':"dog"}'),
      chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }),
      'data: [DONE]\n\n',
    );
    upstream.behave(inTurn(calls, answers));
    const result = streamText({
      model: signalbox(box)('auto'),
      prompt: 'Look!',
      tools: { look },
      stopWhen: stepCountIs(2),
    });
    expect(await result.text).toBe('Hello there.');
    const [first] = await result.steps;
    expect(first?.toolCalls.map(({ toolCallId, input }) => [toolCallId, input])).toEqual([
      ['a', { at: 'cat' }],
      ['b', { at: 'dog' }],
    ]);
    expect(first?.finishReason).toBe('tool-calls');
  });

  it('gives structured output', async () => {
    const schema = jsonSchema<{ city: string }>({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    });
    upstream.behave(json(completion('{"city":"Bern"}')));
    const { object } = await generateObject({ model: signalbox(box)('auto'), schema, prompt: 'Where?' });
    expect(object).toEqual({ city: 'Bern' });
    const { output } = await generateText({
      model: signalbox(box)('auto'),
      output: Output.object({ schema }),
      prompt: 'Where?',
    });
    expect(output).toEqual({ city: 'Bern' });
    for (const index of [0, 1]) {
      expect(bodyOf(index)).toMatchObject({
        response_format: { type: 'json_schema', json_schema: { schema: { required: ['city'] } } },
      });
    }
  });

  it('carries settings, images and the results of tools that failed', async () => {
    const messages: ModelMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', image: new Uint8Array([0x89, 0x50, 0x4e, 0x47]) },
          { type: 'image', image: new URL('https://example.com/cat.png') },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'look', input: { at: 'cat' } }],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'c', toolName: 'look', output: { type: 'error-text', value: 'too dark' } },
        ],
      },
    ];
    await generateText({
      model: signalbox(box)('small'),
      messages,
      temperature: 0.5,
      maxOutputTokens: 9,
      stopSequences: ['END'],
      seed: 3,
      providerOptions: { signalbox: { reasoningEffort: 'low' } },
    });
    expect(bodyOf(0)).toEqual({
      model: 'up-small',
      temperature: 0.5,
      max_completion_tokens: 9,
      stop: ['END'],
      seed: 3,
      reasoning_effort: 'low',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
            { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'too dark' },
      ],
    });
  });

  it('takes wishes from the model, and from the call, which wins', async () => {
    const model = signalbox(box)('auto', { strategy: 'largest', user: 'ann', tags: { team: 'red' } });
    const first = await generateText({ model, prompt: 'Hi' });
    expect(first.providerMetadata?.['signalbox']).toMatchObject({ model: 'big' });
    const second = await generateText({
      model,
      prompt: 'Hi',
      providerOptions: { signalbox: { strategy: 'cheapest', session: 's1' } },
    });
    expect(second.providerMetadata?.['signalbox']).toMatchObject({ model: 'small', reason: expect.any(String) });
    const byRole = await generateText({ model: signalbox(box)('auto', { role: 'reviewer' }), prompt: 'Hi' });
    expect(byRole.providerMetadata?.['signalbox']).toMatchObject({ model: 'big' });
    // They are Signalbox's: no provider sees them.
    for (const { body } of upstream.requests) expect(body).not.toMatch(/ann|red|s1|cheapest|largest/);
  });

  it('warns of what chat completions cannot say', async () => {
    const result = await generateText({
      model: signalbox(box)('auto'),
      prompt: 'Hi',
      topK: 3,
      providerOptions: { signalbox: { stratgy: 'cheapest' } },
    });
    expect(result.warnings).toEqual([
      { type: 'unsupported', feature: 'providerOptions.signalbox.stratgy' },
      { type: 'unsupported', feature: 'top_k' },
    ]);
  });

  it('warns of what the model’s provider cannot be told, whole and streamed', async () => {
    await box.close();
    const claude = await startFaultServer({ tokens: ['Hi'] });
    box = await Signalbox.open({
      providers: { one: { kind: 'anthropic', baseUrl: `${claude.url}/v1`, apiKey: 'k' } },
      models: [{ id: 'small', provider: 'one', model: 'claude' }],
      storage: { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` },
    });
    const asked = { model: signalbox(box)('auto'), prompt: 'Hi', seed: 3, topK: 2 };
    const told = [
      { type: 'unsupported', feature: 'top_k' },
      { type: 'unsupported', feature: 'seed' },
    ];
    expect((await generateText(asked)).warnings).toEqual(told);
    const streamed = streamText(asked);
    expect(await streamed.text).toBe('Hi');
    expect(await streamed.warnings).toEqual(told);
    await claude.close();
  });

  it('fails as the AI SDK does: with the status, and whether it is worth another try', async () => {
    const model = signalbox(box)('nosuch');
    const missing = await generateText({ model, prompt: 'Hi' }).catch((error: unknown) => error);
    expect(APICallError.isInstance(missing)).toBe(true);
    expect(missing).toMatchObject({
      statusCode: 404,
      isRetryable: false,
      data: { code: 'model_not_found' },
      cause: { code: 'model_not_found' },
    });
    const wrong = generateText({
      model: signalbox(box)('auto'),
      prompt: 'Hi',
      providerOptions: { signalbox: { reasoningEffort: 'lots' } },
    });
    await expect(wrong).rejects.toMatchObject({ statusCode: 400, data: { param: 'reasoningEffort' } });
    expect(upstream.requests).toHaveLength(0);

    upstream.behave(json('{"error":{"message":"oops"}}', 500));
    const failed = await generateText({ model: signalbox(box)('auto'), prompt: 'Hi', maxRetries: 0 }).catch(
      (error: unknown) => error,
    );
    expect(APICallError.isInstance(failed) && failed.isRetryable).toBe(true);
  });

  it('says that a busy provider is worth another try', async () => {
    upstream.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '120' }));
    const failed = generateText({ model: signalbox(box)('auto'), prompt: 'Hi', maxRetries: 0 });
    await expect(failed).rejects.toMatchObject({
      statusCode: 429,
      isRetryable: true,
      responseHeaders: { 'retry-after': '120' },
    });
  });

  it('tells an error in the middle of a stream as a part of it', async () => {
    upstream.behave(
      streamOf(...streamEvents(['Hello']).slice(0, 2), 'data: {"error":{"message":"overloaded","code":503}}\n\n'),
    );
    const errors: unknown[] = [];
    const result = streamText({
      model: signalbox(box)('auto'),
      prompt: 'Hi',
      onError: ({ error }) => void errors.push(error),
    });
    let text = '';
    for await (const part of result.fullStream) if (part.type === 'text-delta') text += part.text;
    expect(text).toContain('Hello');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ name: 'AI_APICallError', isRetryable: true });
  });

  it('hangs up upstream when it is aborted before an answer', async () => {
    upstream.behave(hangs);
    const left = new AbortController();
    const call = generateText({ model: signalbox(box)('auto'), prompt: 'Hi', abortSignal: left.signal });
    await expect.poll(() => upstream.requests.length).toBe(1);
    left.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await upstream.requests[0]?.closed;
  });

  it('hangs up upstream when a stream is aborted, and when it is left', async () => {
    const half: Behaviour = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(['Hello']).slice(0, 2)) response.write(event);
    };
    upstream.behave(half);
    const left = new AbortController();
    let aborted = 0;
    const result = streamText({
      model: signalbox(box)('auto'),
      prompt: 'Hi',
      abortSignal: left.signal,
      onAbort: () => void aborted++,
    });
    for await (const part of result.fullStream) if (part.type === 'text-delta') left.abort();
    expect(aborted).toBe(1);
    await upstream.requests[0]?.closed;

    const { stream } = await signalbox(box)('auto').doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    });
    const reader = stream.getReader();
    let seen = '';
    while (seen !== 'text-delta') seen = (await reader.read()).value?.type ?? 'text-delta';
    await reader.cancel();
    await upstream.requests[1]?.closed;
  });
});
