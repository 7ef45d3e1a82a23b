import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { json } from '../mock-provider/mock-provider.ts';
import { onItsWire, startCallersHosts, type CallersHosts } from '../support/caller-keys.ts';

const OURS = 'sb-0123456789-of-ann';
const beside = { 'x-signalbox-key': OURS };
const KEY = 'sk-0123456789-of-ann';

let all: CallersHosts;
beforeAll(async () => {
  all = await startCallersHosts(() => ({
    auth: { mode: 'required', keys: [{ name: 'ann', key: OURS }] },
    routing: { default: 'own', fallbacks: [] },
  }));
});
afterAll(() => all.close());

it('OpenAI’s package brings its key, and is told what the provider says of it', async () => {
  const client = new OpenAI({ apiKey: KEY, baseURL: `${all.gateway.url}/v1`, defaultHeaders: beside, maxRetries: 0 });
  const ask = () => client.chat.completions.create({ model: 'gpt', messages: [{ role: 'user', content: 'Hi' }] });
  expect((await ask()).choices[0]?.message.content).toBe('Hello there.');
  expect(all.keys('openai')).toEqual({ authorization: `Bearer ${KEY}` });
  all.hosts.openai.behave(json('{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}', 401));
  await expect(ask()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  await expect(ask()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  all.hosts.openai.behave(onItsWire);
});

it('Anthropic’s brings its key or its login, streamed too', async () => {
  const at = { baseURL: all.gateway.url, defaultHeaders: beside, maxRetries: 0 };
  const ask = { model: 'claude', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] };
  const byKey = new Anthropic({ ...at, apiKey: KEY, authToken: null });
  expect((await byKey.messages.create(ask)).content).toMatchObject([{ text: 'Hi.' }]);
  expect(all.keys('anthropic')).toEqual({ 'x-api-key': KEY });
  const headers = { ...beside, 'anthropic-beta': 'oauth-2025-04-20' };
  const login = new Anthropic({ ...at, defaultHeaders: headers, apiKey: null, authToken: 'a-token-of-ann' });
  expect(await login.messages.stream(ask).finalText()).toBe('Hi.');
  expect(all.keys('anthropic')).toEqual({ authorization: 'Bearer a-token-of-ann' });
  const error = { type: 'error', error: { type: 'authentication_error', message: 'OAuth token has expired.' } };
  all.hosts.anthropic.behave(json(JSON.stringify(error), 401));
  await expect(login.messages.create(ask)).rejects.toMatchObject({ status: 401, error });
  expect(all.elsewhere('anthropic')).not.toContain('a-token-of-ann');
});

it('Ollama’s brings its key', async () => {
  const client = new Ollama({ host: all.gateway.url, headers: { ...beside, authorization: `Bearer ${KEY}` } });
  const { message } = await client.chat({ model: 'llama', messages: [{ role: 'user', content: 'Hi' }] });
  expect([message.content, all.keys('ollama')]).toEqual(['Hi.', { authorization: `Bearer ${KEY}` }]);
});
