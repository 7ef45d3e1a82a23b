import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChatMessage, ChatPart } from '../chat.ts';
import { isObject, list, type JsonObject } from '../guards.ts';
import { openaiResponses } from './codec.ts';
import { holdsState } from './holds-state.ts';

/** Requests as clients of this wire send them. */
function bodies() {
  const words = fc.string({ minLength: 1, maxLength: 20 });
  const name = fc.constantFrom('look', 'add', 'f-1');
  const textPart = fc.record({ type: fc.constant('input_text'), text: words });
  const shown = fc.oneof(
    textPart,
    fc.record(
      {
        type: fc.constant('input_image'),
        image_url: fc.constantFrom('data:image/png;base64,AA==', 'https://a.example/b.png?c=d'),
        detail: fc.constantFrom('low', 'high', 'auto', 'original'),
      },
      { requiredKeys: ['type', 'image_url'] },
    ),
    fc.record({
      type: fc.constant('input_file'),
      filename: words,
      file_data: fc.constantFrom('data:application/pdf;base64,AA==', 'data:text/plain;base64,eA==', 'AA=='),
    }),
    fc.record({ type: fc.constant('input_file'), file_url: fc.constant('https://a.example/b.pdf') }),
    fc.record({
      type: fc.constant('input_audio'),
      input_audio: fc.record({ data: fc.constant('AA=='), format: fc.constantFrom('mp3', 'wav') }),
    }),
  );
  const typed = fc.constantFrom({}, { type: 'message' });
  const message = fc
    .tuple(
      typed,
      fc.oneof(
        fc.record({ role: fc.constantFrom('user', 'developer', 'system'), content: words }),
        fc.record({ role: fc.constant('user'), content: fc.array(shown, { minLength: 1, maxLength: 3 }) }),
        fc.record({ role: fc.constant('developer'), content: fc.array(textPart, { minLength: 1, maxLength: 2 }) }),
      ),
    )
    .map(([type, body]) => [{ ...type, ...body }]);
  const answer = fc
    .tuple(
      fc.array(
        fc.oneof(
          fc.record({ type: fc.constant('output_text'), text: words, annotations: fc.constant([]) }),
          fc.record({ type: fc.constant('refusal'), refusal: words }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
      fc.option(words, { nil: undefined }),
    )
    .map(([content, easy]) =>
      easy === undefined
        ? [{ id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content }]
        : [{ role: 'assistant', content: easy }],
    );
  const thought = fc.record(
    {
      type: fc.constant('reasoning'),
      id: fc.constant('rs_1'),
      summary: fc.array(fc.record({ type: fc.constant('summary_text'), text: words }), { maxLength: 2 }),
      encrypted_content: words,
    },
    { requiredKeys: ['type', 'summary', 'encrypted_content'] },
  );
  const called = fc.array(
    fc.record({
      name,
      arguments: fc.dictionary(words, fc.jsonValue()).map((value) => JSON.stringify(value)),
      output: fc.oneof(words, fc.constant(''), fc.array(shown, { minLength: 1, maxLength: 2 })),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const block = fc.oneof(
    message,
    answer,
    fc.tuple(thought, answer).map(([first, rest]) => [first, ...rest]),
    fc.tuple(fc.option(thought, { nil: undefined }), called),
  );
  /** Calls have ids that nobody else has. */
  const input = fc.array(block, { minLength: 1, maxLength: 5 }).map((blocks) => {
    let count = 0;
    return blocks.flatMap((one): object[] => {
      const [first, calls] = one;
      if (!Array.isArray(calls)) return one.filter((item) => item !== undefined);
      const ids = calls.map(() => `call_${count++}`);
      return [
        ...(first === undefined ? [] : [first]),
        ...calls.map(({ output: _output, ...call }, i) => ({ type: 'function_call', call_id: ids[i], ...call })),
        ...calls.map(({ output }, i) => ({ type: 'function_call_output', call_id: ids[i], output })),
      ];
    });
  });
  const schema = fc.constantFrom({ type: 'object' }, { type: 'object', properties: { x: { type: 'integer' } } });
  return fc.record(
    {
      model: fc.constant('gpt-5'),
      input: fc.oneof(words, input),
      instructions: fc.oneof(words, fc.constant('')),
      tools: fc.array(
        fc.record(
          {
            type: fc.constant('function'),
            name,
            description: words,
            parameters: fc.option(schema),
            strict: fc.option(fc.boolean()),
          },
          { requiredKeys: ['type', 'name'] },
        ),
      ),
      tool_choice: fc.constantFrom('auto', 'none', 'required', { type: 'function', name: 'look' }),
      parallel_tool_calls: fc.boolean(),
      max_output_tokens: fc.integer({ min: 16, max: 5000 }),
      temperature: fc.constantFrom(0, 0.7, 2),
      top_p: fc.constantFrom(0, 0.9),
      reasoning: fc.record({ effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max') }),
      text: fc.record({
        format: fc.oneof(
          fc.constantFrom({ type: 'text' }, { type: 'json_object' }),
          fc.record(
            { type: fc.constant('json_schema'), name, schema, strict: fc.boolean() },
            { requiredKeys: ['type', 'name', 'schema'] },
          ),
        ),
      }),
      user: words,
      store: fc.constant(false),
      truncation: fc.constant('disabled'),
      stream: fc.boolean(),
    },
    { requiredKeys: ['model', 'input'] },
  );
}

it('a request is the same after it was written anew, whatever it says', () => {
  fc.assert(
    fc.property(bodies(), (sent) => {
      const body: unknown = JSON.parse(JSON.stringify(sent));
      const request = openaiResponses.parse(body);
      expect(request.unknown).toBeUndefined();
      expect(openaiResponses.render(request).lost).toEqual([]);
      const rendered: unknown = JSON.parse(Buffer.from(openaiResponses.render(request).body).toString());
      expect(openaiResponses.parse(rendered)).toEqual(request);
      expect(holdsState(rendered)).toBe(false);
      expect(openaiResponses.view(body).messages.map(({ role }) => role)).toEqual(
        request.messages.map(({ role }) => role),
      );
    }),
    { numRuns: 300 },
  );
});

/** Conversations as no client would send them. */
function conversations() {
  const words = fc.constantFrom('', ' ', 'a', 'b');
  const id = fc.constantFrom('', 'c1', 'c2', 'x'.repeat(70));
  const name = fc.constantFrom('', 'f', 'g');
  const part: fc.Arbitrary<ChatPart> = fc.oneof(
    fc.record({ type: fc.constant('text' as const), text: words }),
    fc.record({ type: fc.constant('reasoning' as const), text: words, encrypted: fc.constant('e') }),
    fc.record({ type: fc.constant('reasoning' as const), text: words }),
    fc.record({ type: fc.constant('file' as const), mediaType: fc.constant('image/png'), data: fc.constant('AA==') }),
    fc.record({ type: fc.constant('tool-call' as const), toolCallId: id, toolName: name, input: fc.constant('{}') }),
    fc.record({ type: fc.constant('tool-result' as const), toolCallId: id, toolName: name, output: words }),
  );
  const said = (role: ChatMessage['role'], ...types: ChatPart['type'][]) =>
    fc
      .array(part, { maxLength: 5 })
      .map((parts) => ({ role, content: parts.filter(({ type }) => types.includes(type)) }));
  return fc.array(
    fc.oneof(
      said('system', 'text'),
      said('user', 'text', 'file', 'tool-result'),
      said('tool', 'tool-result'),
      said('assistant', 'text', 'reasoning', 'tool-call', 'file'),
    ),
    { maxLength: 8 },
  );
}

it('wire 13: any conversation becomes a valid one', () => {
  fc.assert(
    fc.property(conversations(), (messages) => {
      const { body } = openaiResponses.render({ model: 'm', messages, stream: false });
      const rendered: unknown = JSON.parse(Buffer.from(body).toString());
      const items = list(isObject(rendered) ? rendered['input'] : undefined).filter((item) => isObject(item));
      const ids = (type: string) => items.flatMap((item) => (item['type'] === type ? [item['call_id']] : []));
      const calls = ids('function_call');
      const results = ids('function_call_output');
      expect(new Set(calls).size).toBe(calls.length);
      for (const id of calls) expect(id).toMatch(/^.{1,64}$/);
      expect(results).toHaveLength(calls.length);
      expect(new Set(results)).toEqual(new Set(calls));
      const isSaid = ({ type, role }: JsonObject) => type === 'function_call' || role === 'assistant';
      for (const [i, item] of items.entries()) {
        const place = items.findIndex(({ type, call_id: id }) => type === 'function_call' && id === item['call_id']);
        if (item['type'] === 'function_call_output') expect(place).toBeLessThan(i);
        if (item['type'] === 'message') expect(item['content']).not.toHaveLength(0);
        if (item['type'] !== 'reasoning') continue;
        const next = items.slice(i + 1).find(({ type }) => type !== 'reasoning');
        expect(next !== undefined && isSaid(next)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
