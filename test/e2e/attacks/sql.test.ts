import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../../support/gateway.ts';
import { createSchema, hasPostgres, type TestSchema } from '../../support/postgres.ts';

const ROOT = 'sb-0123456789-key-of-root';
const ANN = 'sb-0123456789-key-of-ann';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** What is no name, and more when it is put into a statement. */
const TEXTS = [
  `' or '1'='1`,
  `'; drop table requests; --`,
  `') union select name, sql, 1 from sqlite_master --`,
  `" or 1=1 --`,
  `x' and (select pg_sleep(30)) is null --`,
  `x'||(select string_agg(sha256, ',') from keys)||'`,
  `\\'; delete from keys; --`,
  `$1`,
  `?`,
  `:name`,
  `%' escape '!`,
  `_%`,
  `\u0000`,
  `a\u0000b`,
  `\ud800`,
  `\udfff\ud800x`,
  `\u2028\ufeff`,
  `{"$gt":""}`,
  `[object Object]`,
  `1e999 `,
  `'`.repeat(300),
];

const inHeader = (text: string): string => Buffer.from(text.replaceAll('\u0000', ''), 'utf8').toString('latin1');

const postgres = await hasPostgres('texts that are statements, on PostgreSQL');

describe.each([
  { name: 'SQLite', there: true },
  { name: 'PostgreSQL', there: postgres },
])('a text that is a statement, on $name', ({ name, there }) => {
  let schema: TestSchema | undefined;
  let upstream: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    if (!there) return;
    upstream = await startMockProvider();
    schema = name === 'PostgreSQL' ? await createSchema() : undefined;
    gateway = await startGateway({
      ...twoModels(upstream.baseUrl),
      routing: { unknownModel: 'route' },
      ...(schema === undefined ? {} : { storage: { url: schema.url } }),
      auth: {
        keys: [
          { name: 'root', key: ROOT, admin: true },
          { name: 'ann', key: ANN },
        ],
      },
    });
  });

  afterAll(async () => {
    await gateway?.close();
    await schema?.drop();
    await upstream?.close();
  });

  const get = async (path: string, key = ROOT) => {
    const response = await gateway.get(path, bearer(key));
    const body = (await response.json()) as { data?: Record<string, unknown>[]; error?: { code: string } };
    return { status: response.status, body };
  };

  it.skipIf(!there)('is a name of a request like any other: kept, found again, and nothing else', async () => {
    for (const text of TEXTS) {
      const headers = {
        ...bearer(ANN),
        'x-signalbox-session': inHeader(text),
        'x-signalbox-user': inHeader(text),
        'x-signalbox-tags': `a=${inHeader(text)
          .replaceAll(/[^ -~]|,/g, '')
          .slice(0, 90)}`,
      };
      const response = await gateway.chat(asking(text, { model: text, user: text }), headers);
      expect(response.status, text).toBe(200);
      await response.text();
    }
    await gateway.engine.ledger.flush();
    expect(gateway.engine.ledger.status()).toMatchObject({ trouble: null, journalTrouble: null, behindBytes: 0 });
    expect((await get('/router/v1/decisions?limit=500')).body.data).toHaveLength(TEXTS.length);
    const plain = TEXTS.filter((text) => /^[!-~](?:[ -~]*[!-~])?$/.test(inHeader(text)));
    expect(plain.length).toBeGreaterThan(10);
    for (const text of plain) {
      const session = encodeURIComponent(inHeader(text).slice(0, 200));
      const found = (await get(`/router/v1/decisions?session=${session}`)).body.data ?? [];
      expect(found.length, text).toBeGreaterThan(0);
      expect(found.length, text).toBeLessThan(4);
    }
    const sums = (await get('/router/v1/usage?by=user')).body.data ?? [];
    expect(sums.reduce((all, row) => all + Number(row['requests']), 0)).toBe(TEXTS.length);
  });

  it.skipIf(!there)('finds nothing as a filter or an id, and never fails inside', async () => {
    const others = await gateway.chat(asking('of root', { model: 'small' }), bearer(ROOT));
    await others.text();
    await gateway.engine.ledger.flush();
    const foreign = others.headers.get('x-signalbox-request-id');
    for (const text of [...TEXTS, '%00', '%', '../keys']) {
      const coded = encodeURIComponent(Buffer.from(text).toString());
      for (const filter of ['after', 'model', 'role', 'session', 'key']) {
        const { status, body } = await get(`/router/v1/decisions?${filter}=${coded}`, ANN);
        expect([200, 400], `${filter} ${text}`).toContain(status);
        // Unknown parameters are refused; whatever is found is ann's own.
        expect((body.data ?? []).map(({ id }) => id)).not.toContain(foreign);
      }
      for (const filter of ['since', 'zone', 'by', 'key']) {
        const { status } = await get(`/router/v1/usage?${filter}=${coded}`, ANN);
        expect([200, 400], `${filter} ${text}`).toContain(status);
      }
      for (const path of [`decisions/${coded}`, `decisions/${coded}/replay`]) {
        expect([400, 404], `${path} ${text}`).toContain((await get(`/router/v1/${path}`, ANN)).status);
      }
      for (const body of [{ decisionId: text }, { session: text }, { decisionId: text, comment: text }]) {
        const response = await gateway.post('/router/v1/feedback', { ...body, score: 1 }, bearer(ANN));
        expect([202, 400, 404], JSON.stringify(body)).toContain(response.status);
      }
      // An administrator may score any session.
      const own = await gateway.post('/router/v1/feedback', { session: text, comment: text, score: 1 }, bearer(ROOT));
      expect([202, 400]).toContain(own.status);
    }
    await gateway.engine.ledger.flush();
    expect(gateway.engine.ledger.status()).toMatchObject({ trouble: null, behindBytes: 0 });
  });

  it.skipIf(!there)('is no key’s name, and changes no key', async () => {
    const made = await gateway.post('/router/v1/keys', { name: 'kept' }, bearer(ROOT));
    expect(made.status).toBe(201);
    const { key } = (await made.json()) as { key: string };
    for (const text of TEXTS) {
      const coded = encodeURIComponent(Buffer.from(text).toString());
      expect((await gateway.post('/router/v1/keys', { name: text }, bearer(ROOT))).status, text).toBe(400);
      const rotated = await gateway.post(`/router/v1/keys/${coded}/rotate`, {}, bearer(ROOT));
      expect([400, 404], text).toContain(rotated.status);
      const revoked = await fetch(`${gateway.url}/router/v1/keys/${coded}`, {
        method: 'DELETE',
        headers: bearer(ROOT),
      });
      expect([400, 404], text).toContain(revoked.status);
      expect([200, 400]).toContain(
        (await get(`/router/v1/keys?after=${coded.slice(0, 60).replace(/%.?$/, '')}`)).status,
      );
      for (const credential of [inHeader(text), `sb-${inHeader(text)}`, `${key}${inHeader(text)}`]) {
        const response = await fetch(`${gateway.url}/v1/models`, { headers: { 'x-api-key': credential } });
        // What does not claim to be a key of ours is not looked at: this machine is let in without one.
        expect([200, 401]).toContain(response.status);
        if (credential.startsWith('sb-') && credential !== key) expect(response.status, credential).toBe(401);
      }
    }
    expect((await get('/v1/models', key)).status).toBe(200);
    expect((await get('/router/v1/keys')).body.data).toHaveLength(3);
  });
});
