import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { asking, startGateway, type TestGateway } from '../support/gateway.ts';

const dashboard = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));

describe.skipIf(CHROMIUM === undefined)('the page (needs Chromium)', { timeout: 60_000 }, () => {
  let browser: Browser;
  let gateway: TestGateway;

  beforeAll(async () => {
    const { storage: _storage, ...config } = simulatedConfig({ port: 0, folder: '' });
    gateway = await startGateway(config, { dashboard });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await gateway.close();
  });

  it('shows totals, and decisions with their reasons as they arrive', async () => {
    await (await gateway.chat(asking('Convert 3 km to m.'))).text();
    await gateway.engine.ledger.flush();
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(`${gateway.url}/ui/`);
    await page.getByTestId('decision-row').first().waitFor();
    await expect.poll(() => page.getByTestId('tile-requests').textContent()).toContain('1');
    expect(await page.getByTestId('simulated-badge').textContent()).toContain('SIMULATED');
    await expect.poll(() => page.getByTestId('live-state').textContent()).toContain('live');
    for (const tile of ['tile-spend', 'tile-savings', 'tile-latency'])
      expect(await page.getByTestId(tile).isVisible()).toBe(true);

    const response = await gateway.chat(asking('<img src=x onerror=alert(1)> List three colours.'));
    await response.text();
    await expect.poll(() => page.getByTestId('decision-row').count()).toBe(2);
    await page.getByTestId('decision-row').first().getByRole('button').click();
    await page.getByTestId('decision-details').waitFor();
    expect(await page.getByTestId('decision-details').textContent()).toContain(
      response.headers.get('x-signalbox-decision-id'),
    );
    await page.getByRole('button', { name: 'last 24 hours' }).click();
    await expect.poll(() => page.getByTestId('tile-requests').textContent()).toContain('2');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('comes with headers that let nothing else in', async () => {
    const response = await gateway.get('/ui/');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    for (const path of [
      '/ui/../package.json',
      '/ui/%2e%2e/%2e%2e/package.json',
      '/ui/..%2f..%2fpackage.json',
      '/ui/%00',
      '/ui/nope.js',
    ]) {
      expect((await gateway.get(path)).status, path).toBe(404);
    }
  });
});
