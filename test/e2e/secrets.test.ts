import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/telemetry/log.ts';
import {
  json,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const KEY = 'provider-key-1';
const QUOTED = `{"error":{"message":"header authorization: Bearer ${KEY} was not understood"}}`;

let upstream: MockProvider;
let gateway: TestGateway;
let logged: string[];

beforeEach(async () => {
  upstream = await startMockProvider();
  logged = [];
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line));
  const log: Log = { debug: write, info: write, warn: write, error: write };
  gateway = await startGateway(twoModels(upstream.baseUrl), { log });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const events =
  (...texts: string[]): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of texts) response.write(text);
    response.end();
  };

/** All files of a folder, as one text. */
async function contents(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(texts)).join('\n');
}

describe('the provider’s key in its own words', () => {
  it.each<[string, Behaviour, boolean, number]>([
    ['a 400', json(QUOTED, 400), false, 400],
    ['a 400 to a stream', json(QUOTED, 400), true, 400],
    ['a 400 without JSON', json(`no: ${KEY}`, 400), false, 400],
    ['a 500', json(QUOTED, 500), false, 500],
    ['a 500 to a stream', json(QUOTED, 500), true, 500],
    ['an error inside a 200', json(QUOTED), false, 502],
    ['the first event of a stream', events(`data: ${QUOTED.slice(0, 70)}`, `${QUOTED.slice(70)}\n\n`), true, 502],
    ['a later event', events(...streamEvents(['Hel']).slice(0, 2), `data: ${QUOTED}\n\n`), true, 200],
    [
      'a later event in two pieces',
      events(...streamEvents(['Hel']).slice(0, 2), `data: ${QUOTED.slice(0, 60)}`, `${QUOTED.slice(60)}\n\n`),
      true,
      200,
    ],
    [
      'an error before [DONE]',
      events(...streamEvents([]).slice(0, 2), `data: ${QUOTED}\n\n`, 'data: [DONE]\n\n'),
      true,
      200,
    ],
  ])('reaches nobody: %s', async (_name, behaviour, stream, status) => {
    upstream.behave(behaviour);
    const response = await gateway.chat(asking('Hi', { model: 'small', stream }), { 'x-signalbox-explain': 'true' });
    const told = await response.text();
    expect(response.status).toBe(status);
    expect(told).toContain('[key]');
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    const shown = await (await gateway.get(`/router/v1/decisions/${id}`)).text();
    await gateway.engine.ledger.flush();
    const kept = await contents(gateway.folder);
    expect(kept).toContain(id);
    for (const text of [told, shown, kept, logged.join('\n'), JSON.stringify([...response.headers])])
      expect(text).not.toContain(KEY);
  });

  it('stays where a model says it: an answer is passed on byte for byte', async () => {
    const words = events(...streamEvents(['my key is ', KEY], null));
    upstream.behave(words);
    const response = await gateway.chat(asking('Hi', { model: 'small', stream: true }));
    expect(await response.text()).toBe(streamEvents(['my key is ', KEY], null).join(''));
  });
});
