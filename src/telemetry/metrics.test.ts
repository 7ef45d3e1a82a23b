import { describe, expect, it } from 'vitest';
import { createMetrics, type CountedRequest } from './metrics.ts';

const request: CountedRequest = {
  model: 'm',
  provider: 'p',
  role: null,
  dialect: 'openai-chat',
  status: 'ok',
  errorCode: null,
  costUsd: 0.25,
  savingsUsd: -1,
  inputTokens: 10,
  outputTokens: 5,
  ms: 20,
  firstByteMs: 10,
  overheadMs: 0.2,
  attempts: 1,
  fallback: false,
  cached: false,
};

describe('metrics', () => {
  it('count requests, tokens and money; savings below zero are not counted', async () => {
    const metrics = createMetrics({ known: () => true });
    metrics.request(request);
    metrics.request({ ...request, status: 'failed', errorCode: 'provider_error', costUsd: null });
    const text = await metrics.text();
    expect(text).toContain(
      'signalbox_requests_total{model="m",provider="p",role="",dialect="openai-chat",status="ok"} 1',
    );
    expect(text).toContain('signalbox_errors_total{code="provider_error"} 1');
    expect(text).toContain('signalbox_cost_usd_total{model="m"} 0.25');
    expect(text).toContain('signalbox_savings_usd_total{model="m"} 0');
  });

  it('do not grow with names that callers make up', async () => {
    const metrics = createMetrics({ known: (model) => model === 'm' });
    for (let i = 0; i < 100; i++) metrics.request({ ...request, model: `made-up-${i}` });
    const text = await metrics.text();
    expect(text).not.toContain('made-up');
    expect(text).toContain('model="other"');
  });

  it('belong to one engine each', async () => {
    createMetrics({ known: () => true }).request(request);
    expect(await createMetrics({ known: () => true }).text()).not.toContain('status="ok"');
  });
});
