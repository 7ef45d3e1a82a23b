import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intentOf, outcomeOf } from '../../src/ledger/fixtures.ts';
import { answers, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { asking, startGateway, type TestGateway } from '../support/gateway.ts';

const dashboard = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));
const EVIL = `"'><img/src=x onerror=window.owned=1><script>window.owned=1</script><svg/onload=window.owned=1>{{7*7}}\${7*7}`;
const ID = `evil${EVIL.replaceAll(/[\s,]/g, '/')}`;

describe.skipIf(CHROMIUM === undefined)('the page (needs Chromium)', { timeout: 60_000 }, () => {
  let browser: Browser;
  let upstream: MockProvider;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startMockProvider();
    const { baseUrl } = upstream;
    gateway = await startGateway(
      {
        providers: { one: { kind: 'openai', baseUrl, apiKey: 'provider-key-1' } },
        models: [{ id: ID, provider: 'one', model: EVIL, aliases: ['evil'], price: { input: 1, output: 2 } }],
        routing: { fallbacks: [] },
        retries: { max: 0 },
        auth: { keys: [{ name: EVIL, key: 'sb-0123456789-key-of-evil' }] },
      },
      { dashboard },
    );
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await gateway.close();
    await upstream.close();
  });

  it('shows names and errors as what they are: nothing of them runs, or becomes a part of it', async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
    page.on('dialog', (dialog) => void dialog.dismiss());
    await page.goto(`${gateway.url}/ui/`);
    const headers = {
      'x-api-key': 'sb-0123456789-key-of-evil',
      'x-signalbox-user': EVIL,
      'x-signalbox-session': EVIL,
      'x-signalbox-tags': `${EVIL.replaceAll(/[,=]/g, '').slice(0, 90)}=${EVIL.replaceAll(',', '').slice(0, 90)}`,
      'user-agent': EVIL,
    };
    upstream.behave(answers);
    expect((await gateway.chat(asking(EVIL, { model: 'evil' }), headers)).status).toBe(200);
    upstream.behave(json(JSON.stringify({ error: { message: EVIL, type: EVIL, code: EVIL } }), 400));
    expect((await gateway.chat(asking(EVIL, { model: 'evil' }), headers)).status).toBe(400);
    await gateway.engine.ledger.store.append([
      intentOf('zz-planted', Date.now(), {
        user: EVIL,
        role: EVIL,
        key: EVIL,
        session: EVIL,
        requested: EVIL,
        tags: { [EVIL]: EVIL },
      }),
      outcomeOf('zz-planted', Date.now(), 1000n, { model: EVIL, provider: EVIL, errorCode: EVIL }),
    ]);
    gateway.engine.runtime.reloads.refuse('config', `/${EVIL}`, `${EVIL}: there is no such file`);
    await page.reload();
    await page.getByTestId('decision-row').first().waitFor();
    await expect.poll(() => page.getByTestId('decision-row').count()).toBeGreaterThanOrEqual(3);
    for (const row of await page.getByTestId('decision-row').all()) {
      await row.getByRole('button').first().click();
      await page.getByTestId('decision-details').first().waitFor();
    }
    for (const button of await page.getByRole('button').all()) await button.click({ timeout: 1000 }).catch(() => {});
    await expect.poll(() => page.getByRole('alert').first().textContent()).toContain(EVIL);
    expect(await page.evaluate('document.body.innerText')).toContain('onerror=window.owned=1');
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(
      await page.evaluate(`document.querySelectorAll('body img, body script:not([src]), svg[onload]').length`),
    ).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  });
});
