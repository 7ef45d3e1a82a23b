import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completion, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const WRITER = 'sb-0123456789-writer';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    roles: { engineer: {}, writer: {} },
    auth: { keys: [{ name: 'w', key: WRITER, roles: ['writer'] }] },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

describe('a known path with a method that it does not take', () => {
  const send = (method: string, path: string) => fetch(gateway.url + path, { method });

  it.each([
    ['DELETE', '/v1/chat/completions', 'GET, HEAD, POST'],
    ['OPTIONS', '/role/engineer/chat/completions/', 'GET, HEAD, POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['PATCH', '/v1/models/small', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
  ])('%s %s is 405 in OpenAI’s envelope, and says what it takes', async (method, path, allow) => {
    const response = await send(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toEqual({
      error: {
        message: expect.stringContaining(`takes ${allow}, not ${method}`),
        type: 'invalid_request_error',
        param: null,
        code: 'method_not_allowed',
      },
    });
  });

  it.each([
    ['PUT', '/router/v1/feedback', 'GET, HEAD, POST'],
    ['POST', '/router/v1/stats', 'GET, HEAD'],
    ['DELETE', '/router/v1/decisions/some', 'GET, HEAD'],
  ])('%s %s is 405 in the management envelope', async (method, path, allow) => {
    const response = await send(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toEqual({ error: { code: 'method_not_allowed', message: expect.any(String) } });
  });

  it('on a path that is not there is still 404', async () => {
    expect((await send('DELETE', '/nowhere')).status).toBe(404);
    expect((await send('PUT', '/router/v1/nowhere')).status).toBe(404);
  });
});

describe('a body that does not say that it is JSON', () => {
  const send = (path: string, body: object, headers: Readonly<Record<string, string>>) =>
    fetch(gateway.url + path, { method: 'POST', headers, body: Buffer.from(JSON.stringify(body)) });

  it.each([{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }])(
    'with %o is read by inference, and refused with the header to send by management routes',
    async (headers) => {
      upstream.behave(json(completion('Hello')));
      expect((await send('/v1/chat/completions', asking('Hi'), headers)).status).toBe(200);
      const response = await send('/router/v1/route', asking('Hi'), headers);
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        error: {
          code: 'unsupported_media_type',
          message: expect.stringContaining('with the header "content-type: application/json"'),
        },
      });
    },
  );

  it.each(['application/json', 'application/json; charset=utf-8', 'application/vnd.api+json'])(
    'as %s is taken',
    async (type) => {
      expect((await send('/router/v1/route', asking('Hi'), { 'content-type': type })).status).toBe(200);
    },
  );
});

describe('a role in the path', () => {
  const PATHS = ['/v1/models', '/models', '/v1/models/small', '/v1/chat/completions'];

  it.each(PATHS)('that nobody configured is 404 on %s, with the nearest names', async (path) => {
    const response = await gateway.get(`/role/enginer${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: 'role_not_found', message: 'no role is called "enginer"; the nearest names are engineer' },
    });
    expect((await gateway.get(`/role/Engineer${path}`)).status).toBe(200);
  });

  it('that is like none names them all', async () => {
    const { error } = (await (await gateway.get('/role/x/v1/models')).json()) as { error: { message: string } };
    expect(error.message).toContain('configured are engineer, writer');
  });

  it('that the key does not allow is 403', async () => {
    const headers = { authorization: `Bearer ${WRITER}` };
    expect((await gateway.get('/role/writer/v1/models', headers)).status).toBe(200);
    expect((await gateway.get('/role/engineer/v1/models', headers)).status).toBe(403);
  });
});
