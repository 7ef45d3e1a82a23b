import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

describe('what a provider says of its failures', () => {
  it('holds none of its keys, nor a credential of its headers', () => {
    const { text } = createRedactor({
      apiKey: ['sk-first-key', 'sk-first-key-2'],
      headers: { Authorization: 'Bearer header-secret', 'x-app': 'an-ordinary-word' },
    });
    expect(text('sk-first-key-2, sk-first-key, sk-first-key and header-secret of an-ordinary-word')).toBe(
      '[key], [key], [key] and [key] of an-ordinary-word',
    );
  });

  it('holds no credential of its options either, at any depth', () => {
    const { text } = createRedactor({
      options: { secretAccessKey: 'aws-secret-1', google: { privateKey: 'pem-secret-2' }, region: 'eu-central-1' },
    });
    expect(text('aws-secret-1 and pem-secret-2 in eu-central-1')).toBe('[key] and [key] in eu-central-1');
  });

  it('keeps placeholders, which are words like any other', () => {
    const { text, bytes } = createRedactor({ apiKey: 'ollama' });
    expect(text('ollama is down')).toBe('ollama is down');
    const said = Buffer.from('ollama');
    expect(bytes(said)).toBe(said);
  });

  it('keeps every other byte, whatever the encoding', () => {
    const { bytes } = createRedactor({ apiKey: 'sk-first-key' });
    const around = Buffer.from([0xff, 0x00, 0xe2, 0x9c]);
    const said = Buffer.concat([around, Buffer.from('sk-first-key'), around]);
    expect(Buffer.from(bytes(said))).toEqual(Buffer.concat([around, Buffer.from('[key]'), around]));
    expect(bytes(around)).toBe(around);
  });
});
