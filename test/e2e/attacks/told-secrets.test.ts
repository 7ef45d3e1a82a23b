import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { runCli, startServe } from '../../support/cli.ts';
import { asking, temporaryFolder } from '../../support/gateway.ts';

const SECRETS = {
  provider: 'sk-provider-secret-1234567890',
  header: 'header-secret-1234567890',
  caller: 'sb-caller-secret-1234567890',
  database: 'database-secret-1234567890',
  redis: 'redis-secret-1234567890',
  bare: 'env-secret-1234567890',
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;

beforeAll(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider(json(JSON.stringify({ error: `bad key ${SECRETS.provider}` }), 401));
});

afterAll(async () => {
  await upstream.close();
  await folder.remove();
});

const lines = (storage: string) => [
  `server: { port: 0 }`,
  `storage: ${storage}`,
  `providers:`,
  `  one:`,
  `    kind: openai`,
  `    baseUrl: ${upstream.baseUrl}`,
  `    apiKey: ${SECRETS.provider}`,
  `    headers: { x-other-key: ${SECRETS.header} }`,
  `  two: { kind: openai, baseUrl: "${upstream.baseUrl}", apiKey: "\${TOKEN}" }`,
  `models:`,
  `  - { id: small, provider: one, model: up-small, price: { input: 1, output: 2 } }`,
  `auth: { keys: [{ name: ann, key: ${SECRETS.caller} }] }`,
];
const FILES = '{ url: "file:ledger.db", journal: journal }';
const FAR = `{ url: "postgres://me:${SECRETS.database}@127.0.0.1:9/ledger", journal: journal, redis: "redis://:${SECRETS.redis}@127.0.0.1:9" }`;

async function run(config: readonly string[], ...args: string[]): Promise<string> {
  await writeFile(join(folder.path, 'signalbox.yaml'), config.join('\n'));
  const { stdout, stderr } = await runCli(args, { cwd: folder.path, env: { TOKEN: SECRETS.bare } });
  return stdout + stderr;
}

/** The secrets that a text tells; an empty text tells nothing, and proves nothing. */
function toldIn(text: string): string[] {
  return text === '' ? ['nothing at all'] : Object.values(SECRETS).filter((secret) => text.includes(secret));
}

describe('a secret of the configuration', () => {
  it('is told by no command', async () => {
    for (const args of [['config', 'check'], ['models', '--json'], ['doctor'], ['keys', 'list', '--json']]) {
      expect(toldIn(await run(lines(FILES), ...args)), args.join(' ')).toEqual([]);
    }
    for (const args of [
      ['doctor', '--json'],
      ['usage', 'show'],
    ])
      expect(toldIn(await run(lines(FAR), ...args)), args.join(' ')).toEqual([]);
  });

  it('is told by no message about a fault beside it', async () => {
    const faults: readonly ((line: string) => string)[] = [
      (line) => line.replace(/(apiKey: )(\S+)/, '$1{ a: $2 }'),
      (line) => line.replace(/apiKey: (\S+)/, 'apiKey: "$1'),
      (line) => line.replace(/apiKey: (\S+)/, 'apiKey: $1: x'),
      (line) => line.replace(/(key: )(sb-\S+)/, '$1x$2'),
      (line) => line.replace(/key: (sb-\S+) /, 'sha256: $1 '),
      (line) => line.replace('postgres://', 'postgress://'),
      (line) => line.replace('127.0.0.1:9/ledger', '[bad/ledger'),
    ];
    for (const [i, fault] of faults.entries()) {
      expect(toldIn(await run(lines(i > 4 ? FAR : FILES).map(fault), 'config', 'check')), String(fault)).toEqual([]);
    }
  }, 40_000);

  it('is told by no probe, page or log, also while its store cannot be reached', async () => {
    await writeFile(join(folder.path, 'signalbox.yaml'), lines(FAR).join('\n'));
    const serving = await startServe(['--log', 'debug'], { cwd: folder.path, env: { TOKEN: SECRETS.bare } });
    try {
      for (const path of [
        '/ready',
        '/health',
        '/metrics',
        '/router/v1/stats',
        '/router/v1/models',
        '/router/v1/decisions',
        '/router/v1/keys',
        '/openapi.json',
        '/v1/models',
      ]) {
        expect(toldIn(await (await fetch(serving.url + path)).text()), path).toEqual([]);
      }
      // Whoever comes by a proxy, or from a page by a name of its own, is not told where the store is.
      for (const headers of [{ 'x-forwarded-for': '203.0.113.9' }, { origin: 'http://evil.example' }]) {
        const told = await (await fetch(`${serving.url}/ready`, { headers })).text();
        expect(told).toContain('in trouble');
        expect(told).not.toContain('127.0.0.1');
      }
      const headers = { 'content-type': 'application/json', 'x-signalbox-explain': 'true' };
      for (const model of ['small', 'two/up', 'nothing']) {
        const body = JSON.stringify(asking('Hi', { model }));
        const response = await fetch(`${serving.url}/v1/chat/completions`, { method: 'POST', headers, body });
        expect(toldIn((await response.text()) + JSON.stringify([...response.headers])), model).toEqual([]);
      }
    } finally {
      serving.child.kill('SIGTERM');
    }
    const { stdout, stderr } = await serving.ended;
    expect(toldIn(stdout + stderr), 'the log').toEqual([]);
  });
});
