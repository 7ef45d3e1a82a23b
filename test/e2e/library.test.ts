import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Signalbox } from '../../src/index.ts';
import { asSignalboxError } from '../../src/errors.ts';
import { json, startMockProvider, streamEvents, type MockProvider } from '../mock-provider/mock-provider.ts';
import { temporaryFolder, twoModels } from '../support/gateway.ts';

let upstream: MockProvider;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let box: Signalbox;
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);

beforeEach(async () => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  upstream = await startMockProvider();
  folder = await temporaryFolder();
  const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
  box = await Signalbox.open({ ...twoModels(upstream.baseUrl), storage });
});

afterEach(async () => {
  await box.close();
  await upstream.close();
  await folder.remove();
  process.removeListener('unhandledRejection', note);
  if (unhandled.length > 0) throw new Error(`unhandled rejections: ${unhandled.map(String).join('; ')}`);
});

const messages = [{ role: 'user', content: 'Hi' }];
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => asSignalboxError(error).code,
  );

describe('the library', () => {
  it('throws what fails, once', async () => {
    expect(await codeOf(box.chat({ messages, model: 'nosuch' }))).toBe('model_not_found');
    upstream.behave(json('{"error":{"message":"bad temperature"}}', 400));
    expect(await codeOf(box.chat({ messages }))).toBe('invalid_request');
  });

  it.each([
    ['user', 7, 'user: expected a string, not a value of type number'],
    ['user', null, 'user: expected a string, not null'],
    ['session', { id: 1 }, 'session: expected a string, not a value of type object'],
    ['role', ['engineer'], 'role: expected a string, not an array'],
    ['strategy', 1, 'strategy: expected a string, not a value of type number'],
    ['model', 5, 'model: expected a string, not a value of type number'],
    ['messages', 'Hi', 'messages: expected an array of {role, content}, not a value of type string'],
    ['tags', 'team=red', 'tags: expected an object of strings, not a value of type string'],
    ['tags', ['red'], 'tags: expected an object of strings, not an array'],
    ['tags', { team: 1 }, 'tags: expected keys and values that are texts'],
    ['tags', { ['k'.repeat(101)]: 'v' }, 'tags: expected keys and values that are texts'],
  ])('refuses %s: %o before anything is called or written', async (param, value, message) => {
    const options = { messages, [param]: value };
    const refused = { code: 'invalid_request', param, message: expect.stringContaining(message) };
    await expect(box.chat(options)).rejects.toMatchObject(refused);
    await expect(box.stream(options)[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
    expect(upstream.requests).toHaveLength(0);
    expect(await box.stats()).toMatchObject({ requests: 0, inFlight: 0 });
  });

  it('refuses feedback that nobody could read back', async () => {
    for (const [param, value] of Object.entries({ score: '1', decisionId: 5, session: {}, comment: 1 })) {
      const feedback = { decisionId: 'd', score: 1, [param]: value };
      await expect(box.feedback(feedback as never)).rejects.toMatchObject({ code: 'invalid_request', param });
    }
  });

  it('closes after a stream that was left early', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents(['Hello', ' there']).slice(0, 3).join(''));
    });
    const stream = box.stream({ messages });
    for await (const event of stream) if (event.type === 'text-delta') break;
    expect(await codeOf(stream.final)).toBe('client_closed');
    await upstream.requests[0]?.closed;
  });

  it('closes with a stream that nobody read, and nothing was called', async () => {
    const storage = { url: `file:${folder.path}/second.db`, journal: `${folder.path}/second` };
    const second = await Signalbox.open({ ...twoModels(upstream.baseUrl), storage });
    second.stream({ messages });
    await expect(second.close()).resolves.toBeUndefined();
    expect(upstream.requests).toEqual([]);
  });

  it('books a request whatever number of tokens it allows itself', async () => {
    const reply = await box.chat({ messages, max_tokens: Number.MAX_SAFE_INTEGER });
    expect(reply.costUsd).toBe(0.000025);
    await box.engine.ledger.flush();
    expect(await box.stats()).toMatchObject({ requests: 1, costUsd: 0.000025 });
  });

  it('moves on from an error that comes with status 200', async () => {
    upstream.behave((request, response) =>
      request.body.includes('up-small')
        ? json('{"error":{"message":"overloaded","code":503}}')(request, response)
        : json('{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}')(
            request,
            response,
          ),
    );
    expect((await box.chat({ messages })).model).toBe('big');
  });
});
