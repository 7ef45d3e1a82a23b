import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

/** What a page of another site tries. Each result is what it could read; null when nothing. */
const ATTACKS = `async (gateway) => {
  const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'spend' }] });
  const chat = gateway + '/v1/chat/completions';
  const read = (promise) => promise.then((r) => r.text(), () => null);
  const form = document.createElement('form');
  Object.assign(form, { action: chat, method: 'post', enctype: 'text/plain', target: 'sink' });
  const sink = Object.assign(document.createElement('iframe'), { name: 'sink' });
  form.append(Object.assign(document.createElement('input'), { name: body.slice(0, -1) + ',"x":"', value: '"}' }));
  document.body.append(sink, form);
  form.submit();
  const image = new Image();
  const loaded = new Promise((done) => { image.onload = () => done('loaded'); image.onerror = () => done(null); });
  image.src = gateway + '/metrics';
  const framed = Object.assign(document.createElement('iframe'), { src: gateway + '/ui/' });
  document.body.append(framed);
  return {
    simple: await read(fetch(chat, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })),
    opaque: (await fetch(chat, { method: 'POST', body, mode: 'no-cors' }).then((r) => r.type, () => null)),
    json: await read(fetch(chat, { method: 'POST', body, headers: { 'content-type': 'application/json' } })),
    beacon: navigator.sendBeacon(chat, body),
    decisions: await read(fetch(gateway + '/router/v1/decisions')),
    events: await read(fetch(gateway + '/router/v1/events')),
    openapi: await read(fetch(gateway + '/openapi.json')),
    image: await loaded,
  };
}`;

describe.skipIf(CHROMIUM === undefined)('a page of another site (needs Chromium)', { timeout: 60_000 }, () => {
  let browser: Browser;
  let upstream: MockProvider;
  let gateway: TestGateway;
  let site: Server;
  let origin = '';

  beforeAll(async () => {
    upstream = await startMockProvider();
    gateway = await startGateway(twoModels(upstream.baseUrl));
    site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>another site</title><body></body>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', () => resolve()));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    site.close();
    await gateway.close();
    await upstream.close();
  });

  it.each([
    ['on another port of this machine', () => origin],
    ['under a name that was pointed at this machine', () => origin.replace('127.0.0.1', 'evil.localhost')],
  ])('%s can neither spend money nor read anything', async (_name, from) => {
    const page = await browser.newPage();
    await page.goto(from());
    const got = await page.evaluate<Record<string, unknown>>(`(${ATTACKS})(${JSON.stringify(gateway.url)})`);
    expect(got).toMatchObject({ simple: null, json: null, decisions: null, events: null, openapi: null, image: null });
    await page.waitForTimeout(300);
    expect(upstream.requests).toHaveLength(0);
    await gateway.engine.ledger.flush();
    expect(await gateway.engine.ledger.store.entries({ limit: 5 })).toEqual([]);
    await page.close();
  });

  it('that is listed may', async () => {
    const allowed = await startGateway({ ...twoModels(upstream.baseUrl), auth: { origins: [origin] } });
    const page = await browser.newPage();
    await page.goto(origin);
    const text = await page.evaluate(
      `fetch(${JSON.stringify(allowed.url)} + '/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(asking('Hi')))} }).then((r) => r.headers.get('x-signalbox-model'))`,
    );
    expect(text).toBe('small');
    await page.close();
    await allowed.close();
  });
});
