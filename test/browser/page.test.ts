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

  it('opens a row wherever it is clicked, and from the keyboard', async () => {
    await (await gateway.chat(asking('Convert 4 km to m.'))).text();
    const page = await browser.newPage();
    await page.goto(`${gateway.url}/ui/`);
    const row = page.getByTestId('decision-row').first();
    const open = () => row.getAttribute('aria-expanded');
    await row.locator('.reason').click();
    await expect.poll(open).toBe('true');
    await row.focus();
    await page.keyboard.press('Enter');
    await expect.poll(open).toBe('false');
    await page.keyboard.press('Space');
    await expect.poll(open).toBe('true');
    await page.close();
  });

  it('fits a phone, with the badge in one line', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    await page.goto(`${gateway.url}/ui/`);
    await page.getByTestId('decision-row').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.evaluate('document.querySelector(".tag.loud").getClientRects().length')).toBe(1);
    await page.close();
  });

  it('says which file is refused, what was spent more, and that the connection is lost', async () => {
    const { storage: _storage, ...config } = simulatedConfig({ port: 0, folder: '' });
    const routing = { ...config.routing, default: 'nano', strategy: 'quality-first' as const };
    const dear = await startGateway({ ...config, routing }, { dashboard });
    const page = await browser.newPage();
    try {
      await (await dear.chat(asking('Convert 3 km to m.'))).text();
      await dear.engine.ledger.flush();
      dear.engine.runtime.reloads.refuse('artifact', '/a.safetensors', '/a.safetensors: there is no such file');
      await page.goto(`${dear.url}/ui/`);
      await page.getByTestId('decision-row').first().waitFor();
      await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/newest artifact is refused.*\n\/a/);
      expect(await page.getByTestId('tile-savings').textContent()).toMatch(/−\$[\d.]+.*: \d+ % more spent/);
      dear.engine.runtime.reloads.settle('artifact', '/a.safetensors');
      await expect.poll(() => page.getByRole('alert').count(), { timeout: 10_000 }).toBe(0);
    } finally {
      await dear.close();
    }
    await expect
      .poll(() => page.getByTestId('live-state').getAttribute('class'), { timeout: 10_000 })
      .toContain('lost');
    await expect
      .poll(() => page.getByRole('alert').textContent(), { timeout: 10_000 })
      .toContain('The gateway does not answer');
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
