import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Server;

beforeEach(async () => {
  folder = await temporaryFolder();
  host = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"data":[{"id":"gpt-4o-mini"},{"id":"o3"}]}'),
  ).listen(0, '127.0.0.1');
  await once(host, 'listening');
});
afterEach(async () => {
  host.close();
  await folder.remove();
});

/** A command with this at the end of a configuration of 4 lines. */
async function run(args: readonly string[], rest: string, env: Readonly<Record<string, string>> = {}) {
  const { port } = host.address() as AddressInfo;
  const yaml = `providers:
  p: { kind: openai, baseUrl: 'http://127.0.0.1:${port}/v1', apiKey: k }
models:
  - { id: gpt-4o-mni, provider: p, price: { input: 1, output: 1 } }
${rest}
`;
  await writeFile(join(folder.path, 'signalbox.yaml'), yaml);
  const { code, stdout, stderr } = await runCli(args, { cwd: folder.path, env });
  return { code, said: stdout + stderr };
}
const check = (rest: string, env?: Readonly<Record<string, string>>) => run(['config', 'check'], rest, env);

describe('what serve would refuse', () => {
  it.each([
    ['storage: { redis: redis://127.0.0.1:6379/nine }', 'signalbox.yaml:5:19 storage.redis: expected redis://'],
    ['server: { workers: 2 }\nstorage: { url: "memory:" }', 'signalbox.yaml:6:17 storage.url: 2 workers cannot share'],
    ['auth: { mode: required }\nstorage: { url: "memory:" }', 'auth.mode is "required" but nobody could get in'],
    ['server: { host: 0.0.0.0 }', 'server.host "0.0.0.0" can be reached from other machines'],
  ])('%s', async (rest, message) => {
    const checked = await check(rest);
    expect(checked.said).toContain(message);
    expect(checked.code).not.toBe(0);
    const served = await run(['serve', '--port', '0'], rest);
    expect(served.said).toContain(message);
    expect(served.code).not.toBe(0);
  });

  it('is none where an administrator’s key is in the environment', async () => {
    const rest = 'auth: { mode: required }\nstorage: { url: "memory:" }';
    expect(await check(rest, { SIGNALBOX_ADMIN_KEY: 'sb-0123456789-of-admin' })).toMatchObject({ code: 0 });
  });
});

it('a tier of the cache that is not there is noted', async () => {
  const { code, said } = await check('cache: { tier: redis }');
  expect(said).toContain('signalbox.yaml:5:16 cache.tier: there is no storage.redis');
  expect(code).toBe(0);
});

it('doctor names models that the provider does not list', async () => {
  const { code, said } = await run(['doctor'], 'storage: { url: "memory:" }');
  expect(said).toContain(
    '! model gpt-4o-mni: p lists 2 models, and "gpt-4o-mni" is not among them; nearest: gpt-4o-mini',
  );
  expect(code).toBe(0);
});
