import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { startGateway, temporaryFolder, twoModels, type TestGateway } from '../../support/gateway.ts';
import { rawRequest, sendRaw, statusesIn } from '../../support/raw-http.ts';

const SECRET = 'what stands outside';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: MockProvider;
let gateway: TestGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  upstream = await startMockProvider();
  await mkdir(join(folder.path, 'page/assets'), { recursive: true });
  await mkdir(join(folder.path, 'page-beside'), { recursive: true });
  await writeFile(join(folder.path, 'page/index.html'), '<h1>the page</h1>');
  await writeFile(join(folder.path, 'page/assets/a.js'), 'let a;');
  // Each of a type that is served.
  for (const name of [
    'outside.json',
    'outside.html',
    'page-beside/outside.js',
    'page/hidden',
    'page/.env',
    'page/signalbox.yaml',
  ])
    await writeFile(join(folder.path, name), SECRET);
  await symlink(join(folder.path, 'outside.json'), join(folder.path, 'page/link.txt'));
  gateway = await startGateway(twoModels(upstream.baseUrl), { dashboard: join(folder.path, 'page/') });
  await writeFile(join(gateway.folder, 'outside.json'), SECRET);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await folder.remove();
});

const UP = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '%252e%252e',
  '..%00',
  '..%c0%af',
  '%u002e%u002e',
  '....',
  '..;',
  '. .',
  '%2e%2e%20',
];
const STEPS = ['/', '%2f', '%5c', '\\', '//', '/./', '%252f', '%c0%af', '/;/'];

describe('a path under /ui/', () => {
  it('names no file outside the page, however it is written', async () => {
    const host = `Host: ${new URL(gateway.url).host}`;
    const beyond = ['outside.json', 'outside.html', 'page-beside/outside.js'];
    const paths = UP.flatMap((up) =>
      STEPS.flatMap((step) =>
        beyond.flatMap((file) => [`/ui/${up}${step}${file}`, `/ui/assets/${up}${step}${up}${step}${file}`]),
      ),
    );
    const others = [
      `/ui/${join(folder.path, 'outside.json')}`,
      `/ui/${encodeURIComponent(join(folder.path, 'outside.json'))}`,
      `/ui//${folder.path}/outside.json`,
      `/ui/%2f${folder.path.slice(1)}/outside.json`,
      '/ui/../page-beside/outside.js',
      '/ui/%2e%2e/page-beside/outside.js',
      '/ui/..%2fpage-beside/outside.js',
      '/ui/file:///etc/passwd',
      '/ui/hidden',
      '/ui/.env',
      '/ui/signalbox.yaml',
      '/ui/link.txt',
      '/ui/index.html%00.json',
      '/ui/outside.json%00.html',
      '/ui/index.html/..%2f..%2foutside.json',
      '/ui',
    ];
    const all = [...paths, ...others];
    // One connection: the paths go as they are, which no client would do.
    const ask = (path: string) => `GET ${path.replaceAll(' ', '%20')} HTTP/1.1\r\n${host}\r\n\r\n`;
    const told = await sendRaw(gateway.url, all.map(ask).join('') + rawRequest('GET /ui/ HTTP/1.1', [host]));
    expect(told).not.toContain(SECRET);
    const statuses = statusesIn(told);
    expect(statuses).toHaveLength(all.length + 1);
    expect([...new Set(statuses.slice(0, -1))].filter((status) => ![302, 400, 404].includes(status))).toEqual([]);
    expect(told).toContain('the page');
  });

  it('is there for the files of the page itself, and says how they are to be taken', async () => {
    const script = await gateway.get('/ui/assets/a.js');
    expect(await script.text()).toBe('let a;');
    expect(script.headers.get('x-content-type-options')).toBe('nosniff');
    expect(script.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/);
  });
});

describe('what the gateway keeps in files', () => {
  it('is at no address', async () => {
    for (const path of [
      '/ledger.db',
      '/ledger.db-wal',
      '/journal',
      '/journal/',
      '/signalbox.yaml',
      '/.env',
      '/.signalbox/signalbox.db',
      '/config',
      '/router/v1/config',
      '/router/v1/artifacts',
      '/artifacts/a.safetensors',
      '/ui/ledger.db',
      '/ui/..%2fledger.db',
      '/package.json',
      '/.git/config',
      '/proc/self/environ',
      '/debug/pprof',
      '/server-status',
    ]) {
      const response = await gateway.get(path);
      expect(response.status, path).toBe(404);
      expect(await response.text(), path).not.toMatch(/SQLite|provider-key|journal"/);
    }
  });
});
