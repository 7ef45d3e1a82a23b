import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { asking, startGateway, type TestGateway } from '../support/gateway.ts';

const dashboard = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));
const ADMIN = 'sb-0123456789-the-administrator';

describe.skipIf(CHROMIUM === undefined)('the login (needs Chromium)', { timeout: 60_000 }, () => {
  let browser: Browser;
  let gateway: TestGateway;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    const { storage: _storage, ...config } = simulatedConfig({ port: 0, folder: '' });
    const auth = { mode: 'required' as const, keys: [{ name: 'root', key: ADMIN, admin: true }] };
    gateway = await startGateway({ ...config, auth }, { dashboard });
    // A context of its own: cookies are forgotten with it.
    page = await (await browser.newContext()).newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // The browser itself tells of the refusals that are asked for here.
      if (message.type() === 'error' && !/status of 401/.test(message.text())) faults.push(message.text());
    });
  });

  afterEach(async () => {
    await page.context().close();
    await gateway.close();
  });

  const logIn = async (key: string): Promise<void> => {
    await page.getByLabel('Administrator’s key').fill(key);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  it('leads from the address bar to the page, which then works as ever', async () => {
    await (await gateway.chat(asking('Convert 3 km to m.'), { 'x-api-key': ADMIN })).text();
    await page.goto(gateway.url);
    expect(page.url()).toBe(`${gateway.url}/ui/`);
    await logIn('sb-0123456789-a-wrong-guess');
    expect(await page.getByRole('alert').textContent()).toContain('not known');
    await logIn(ADMIN);
    await page.getByTestId('decision-row').first().waitFor();
    expect(page.url()).toBe(`${gateway.url}/ui/`);
    await expect.poll(() => page.getByTestId('live-state').textContent()).toContain('live');
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ name: 'signalbox_session', httpOnly: true, sameSite: 'Strict', path: '/' }]);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).toBe('[{},{}]');
    // No policy was offended, charts and all.
    expect(faults).toEqual([]);
  });

  it('ends where it is ended, and the form comes back', async () => {
    await page.goto(`${gateway.url}/ui/`);
    await logIn(ADMIN);
    await page.getByRole('button', { name: 'log out' }).click();
    await page.getByLabel('Administrator’s key').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await page.goBack();
    await page.getByLabel('Administrator’s key').waitFor();
    expect(faults).toEqual([]);
  });

  it('ends with its key while the page is open', async () => {
    const made = await gateway.post('/router/v1/keys', { name: 'second', admin: true }, { 'x-api-key': ADMIN });
    await page.goto(`${gateway.url}/ui/login`);
    await logIn(((await made.json()) as { key: string }).key);
    await page.getByTestId('tile-requests').waitFor();
    await fetch(`${gateway.url}/router/v1/keys/second`, { method: 'DELETE', headers: { 'x-api-key': ADMIN } });
    await expect.poll(() => page.getByLabel('Administrator’s key').count(), { timeout: 10_000 }).toBe(1);
  });
});
