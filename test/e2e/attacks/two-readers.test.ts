import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completion, json } from '../../mock-provider/mock-provider.ts';
import { startOneUpstream, type OneUpstream } from '../../support/one-upstream.ts';

let one: OneUpstream;

beforeAll(async () => {
  one = await startOneUpstream({
    auth: { keys: [{ name: 'few', key: 'sb-0123456789-key-of-few', models: ['gpt', 'claude', 'llama'] }] },
  });
});

beforeEach(() => {
  one.forget();
  one.upstream.behave(json(completion()));
});

afterAll(() => one.close());

const FEW = { authorization: 'Bearer sb-0123456789-key-of-few', 'content-type': 'application/json' };
const send = (path: string, body: string) => fetch(one.gateway.url + path, { method: 'POST', headers: FEW, body });

const MESSAGES = '"messages":[{"role":"user","content":"Hi"}]';

/** Bodies that name a model in several places; a reader may take the first, the last, or not mind the case. */
const bodies = (own: string) => [
  `{"model":"${own}","model":"forbidden",${MESSAGES}}`,
  `{"model":"forbidden","model":"${own}",${MESSAGES}}`,
  `{"model":"${own}",${MESSAGES},"MODEL":"forbidden"}`,
  `{"Model":"forbidden","model":"${own}",${MESSAGES},"mODEL":"forbidden"}`,
  `{"model":"${own}",${MESSAGES},"\\u006dodel":"forbidden"}`,
  `{"model":"${own}",${MESSAGES},"\\u004dode\\u004c":"forbidden"}`,
  `{"\\u006dodel":"${own}",${MESSAGES}}`,
  `\ufeff{"model":"${own}",${MESSAGES},"Model":"forbidden"}`,
  `{"x":{"model":"forbidden"},"model":"${own}",${MESSAGES},"y":"\\",\\"model\\":\\"forbidden\\""}`,
];

const ROUTES = [
  ['/v1/chat/completions', 'gpt', 'gpt-up'],
  ['/v1/messages', 'claude', 'claude-up'],
  ['/api/chat', 'llama', 'llama-up'],
] as const;

const UPSTREAM = ROUTES.map(([, , up]) => up);

describe.each(ROUTES)('%s', (path, own) => {
  it('lets no body reach a model by a name that only the provider reads', async () => {
    for (const body of bodies(own)) {
      one.forget();
      const response = await send(path, body);
      await response.text();
      if (response.status === 403 || response.status === 404) continue;
      const sent = one.seen().at(-1)?.body ?? '{}';
      // As a reader that does not mind the case sees it, the last one counting or the first.
      const named = [...sent.matchAll(/(?<!\\)"((?:\\u00[0-9a-f]{2}|[a-z])+)":"([^"]*)"/gi)]
        .map(([, key = '', value]) => [JSON.parse(`"${key}"`).toLowerCase(), value] as const)
        .filter(
          ([key, value]) => key === 'model' && !(value === 'forbidden' && sent.includes(`{"${key}":"${value}"}`)),
        );
      expect(named.length, body).toBeGreaterThan(0);
      // One and the same for every reader. Ollama's clients are routed where nothing has the name.
      const values = [...new Set(named.map(([, value]) => value))];
      expect(values, body).toHaveLength(1);
      expect(UPSTREAM, body).toContain(values[0]);
    }
  });
});

it('a body whose last model is another one is refused before anything is called', async () => {
  expect((await send('/v1/chat/completions', bodies('gpt')[0] ?? '')).status).toBeGreaterThanOrEqual(403);
  expect(one.seen()).toEqual([]);
});
