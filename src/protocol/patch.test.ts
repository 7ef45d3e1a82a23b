import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patchRequest } from './patch.ts';

const patch = (text: string, includeUsage = false) =>
  Buffer.from(patchRequest(Buffer.from(text), { model: 'up', includeUsage })).toString();

describe('patchRequest', () => {
  it('replaces the top-level model and nothing else', () => {
    expect(patch('{ "model" : "auto",\n "x": {"model":"keep"}, "y":["model"] }')).toBe(
      '{ "model" : "up",\n "x": {"model":"keep"}, "y":["model"] }',
    );
    expect(patch('{"a":"\\"model\\":\\\\","model":null}')).toBe('{"a":"\\"model\\":\\\\","model":"up"}');
    expect(patch('{"mod\\u0065l":"auto"}')).toBe('{"mod\\u0065l":"up"}');
  });

  it('replaces every repetition and inserts a missing model', () => {
    expect(patch('{"model":"a","model":"b"}')).toBe('{"model":"up","model":"up"}');
    expect(patch('{}')).toBe('{"model":"up"}');
    expect(patch('{"a":1}')).toBe('{"a":1,"model":"up"}');
  });

  it('asks for the usage chunk, whatever stream_options was', () => {
    expect(patch('{"model":"a"}', true)).toBe('{"model":"up","stream_options":{"include_usage":true}}');
    expect(patch('{"model":"a","stream_options":null}', true)).toBe(
      '{"model":"up","stream_options":{"include_usage":true}}',
    );
    expect(patch('{"model":"a","stream_options":{}}', true)).toBe(
      '{"model":"up","stream_options":{"include_usage":true}}',
    );
    expect(patch('{"model":"a","stream_options":{"x":1}}', true)).toBe(
      '{"model":"up","stream_options":{"include_usage":true,"x":1}}',
    );
    expect(patch('{"model":"a","stream_options":{"include_usage":false}}', true)).toBe(
      '{"model":"up","stream_options":{"include_usage":true}}',
    );
  });

  it('appends to a list and replaces a field, where they are', () => {
    const edits = [
      { field: 'list', append: { x: 1 } },
      { field: 'was', value: ['is'] },
    ];
    const edited = (text: string) => patchRequest(Buffer.from(text), { model: 'up', includeUsage: false, edits });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
    expect(text(edited('{"list" : [ 1.0 ] ,"was":{"list":[]},"model":"a"}'))).toBe(
      '{"list" : [ 1.0 ,{"x":1}] ,"was":["is"],"model":"up"}',
    );
    expect(text(edited('{"list":[ ],"model":"a"}'))).toBe('{"list":[ {"x":1}],"model":"up"}');
    expect(text(edited('{"list":"no list","model":"a"}'))).toBe('{"list":"no list","model":"up"}');
  });

  it('gives the same object but for the edits, and keeps every other value byte for byte', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const object = fc.dictionary(
      fc.oneof(fc.constantFrom('model', 'stream_options', 'messages', 'a"b', '\\'), fc.string()),
      value,
    );
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (body, indent, includeUsage) => {
        const parsed: Record<string, unknown> = JSON.parse(patch(JSON.stringify(body, null, indent), includeUsage));
        expect(parsed['model']).toBe('up');
        const options = parsed['stream_options'];
        const before = (JSON.parse(JSON.stringify(body)) as Record<string, unknown>)['stream_options'];
        if (includeUsage) {
          const kept = typeof before === 'object' && before !== null && !Array.isArray(before) ? before : {};
          expect(options).toEqual({ ...kept, include_usage: true });
        } else expect(options).toEqual(before);
        delete parsed['model'];
        delete parsed['stream_options'];
        const rest: Record<string, unknown> = JSON.parse(JSON.stringify(body));
        delete rest['model'];
        delete rest['stream_options'];
        expect(parsed).toEqual(rest);
      }),
    );
  });
});
