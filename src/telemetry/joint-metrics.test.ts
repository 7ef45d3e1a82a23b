import { expect, it } from 'vitest';
import { createJointMetrics } from './joint-metrics.ts';
import { createMetrics } from './metrics.ts';

const process = (open: number) => {
  const metrics = createMetrics({ known: () => true });
  metrics.observe(() => ({
    inFlight: open,
    journalWaiting: 0,
    journalLost: 0,
    ledgerBehindBytes: 7,
    storeTrouble: open === 3,
    stateTrouble: false,
    reload: { config: null, artifact: null },
    pricesUnknown: 1,
    pricesStale: 0,
    budgets: [],
  }));
  return metrics;
};

it('sums up what processes have counted, and no counter falls when one of them is gone', async () => {
  const joint = createJointMetrics();
  const [one, two] = [process(2), process(3)];
  one.decision('best', 1);
  one.decision('best', 1);
  two.decision('best', 1);
  two.decision('only', 1);
  joint.told(1, await one.report());
  joint.told(2, await two.report());
  const both = await joint.text();
  expect(both).toContain('signalbox_decisions_total{reason="best"} 3');
  expect(both).toContain('signalbox_decide_seconds_count 4');
  expect(both).toContain('signalbox_requests_in_flight 5');
  expect(both).toContain('signalbox_ledger_behind_bytes 7');
  expect(both).toContain('signalbox_prices_unknown 1');
  // One of them is enough to say so.
  expect(both).toContain('signalbox_store_up 0');

  joint.gone(2);
  const three = process(0);
  three.decision('best', 1);
  joint.told(3, await three.report());
  joint.gone(1);
  const after = await joint.text();
  expect(after).toContain('signalbox_decisions_total{reason="best"} 4');
  expect(after).toContain('signalbox_decisions_total{reason="only"} 1');
  expect(after).toContain('signalbox_decide_seconds_count 5');
  expect(after).toContain('signalbox_requests_in_flight 0');
  expect(after).toContain('signalbox_store_up 1');
});
