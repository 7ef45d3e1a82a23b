import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { priceVersion } from '../catalog/hash.ts';
import type { Price } from '../catalog/model.ts';
import type { Clock } from '../clock.ts';
import { manualClock } from '../state/conformance.ts';
import { feedbackOf, intentOf, outcomeOf } from './fixtures.ts';
import { answerConformance } from './answer-conformance.ts';
import { erasureConformance } from './erasure-conformance.ts';
import { keyConformance } from './key-conformance.ts';
import type { Outcome, Rec } from './record.ts';
import { reprice, type NewPrices } from './reprice.ts';
import { eachLine } from './request-lines.ts';
import type { Store } from './store.ts';

const HOUR = 3_600_000;

/** What every store keeps. `open` gives an empty one; `runs` is how many orders of records are tried. */
export function storeConformance(name: string, open: (clock: Clock) => Promise<Store>, runs = 25): void {
  const withStore = async (work: (store: Store, now: number) => Promise<void>): Promise<void> => {
    const clock = manualClock();
    const store = await open(clock);
    try {
      await work(store, clock.now());
    } finally {
      await store.close();
    }
  };

  keyConformance(name, open);
  answerConformance(name, open);
  erasureConformance(name, open);

  describe(`store: ${name}`, () => {
    it('gives back what it was given', () =>
      withStore(async (store, now) => {
        const intent = intentOf('r1', now - 10, { user: 'u', tags: { a: 'b' }, session: 's' });
        const outcome = outcomeOf('r1', now, 123_456_789_012n);
        await store.append([intent, outcome, feedbackOf('f1', 'r1', now)]);
        expect(await store.entry('r1')).toEqual({ intent, outcome, feedback: [feedbackOf('f1', 'r1', now)] });
        expect(await store.entry('none')).toBeUndefined();
        const before = { ...intent, id: 'r2', decision: { ...intent.decision, id: 'd2' } };
        await store.append([before]);
        expect((await store.entry('d2'))?.intent.id).toBe('r2');
      }));

    it('gives back every count and the price that it was booked at, which it keeps once', () =>
      withStore(async (store, now) => {
        const price: Price = {
          input: 3,
          output: 15,
          cacheWriteHour: 6,
          webSearch: 0.01,
          tiers: [{ above: 200_000, input: 6 }],
          provenance: { source: 'genai-prices', date: '2026-09-23' },
        };
        const usage = { input: 90, output: 9, cacheWrite: 50, cacheWriteHour: 20, audioInput: 4, webSearches: 2 };
        const records = ['r1', 'r2'].flatMap((id, i): Rec[] => {
          const [attempt] = outcomeOf(id, now + i, 5n).attempts;
          const attempts = attempt === undefined ? [] : [{ ...attempt, usage, price, startedAt: now + i }];
          return [intentOf(id, now + i), outcomeOf(id, now + i, 5n, { attempts, usage })];
        });
        await store.append(records.slice(0, 2));
        await store.append(records);
        expect((await store.entry('r1'))?.outcome).toEqual(records[1]);
        expect((await store.entry('r2'))?.outcome).toEqual(records[3]);
        expect(await store.prices()).toEqual([
          { version: priceVersion('p/small', price), upstream: 'p/small', price, firstSeen: now },
        ]);
      }));

    it('counts each record once, in whatever order and however often it comes', () =>
      fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray([...Array(12).keys()], { minLength: 12 }),
          fc.array(fc.nat(11), { maxLength: 10 }),
          fc.integer({ min: 1, max: 12 }),
          async (order, again, size) => {
            await withStore(async (store, now) => {
              const records = Array.from({ length: 6 }, (_, i): Rec[] => [
                intentOf(`r${i}`, now - i * HOUR),
                outcomeOf(`r${i}`, now - i * HOUR + 5, i === 3 ? null : BigInt(i + 1) * 1000n),
              ]).flat();
              const sent = [...order, ...again].flatMap((i) => records[i] ?? []);
              for (let at = 0; at < sent.length; at += size) await store.append(sent.slice(at, at + size));
              const [total] = await store.usage({ since: 0, until: now + 1 });
              expect(total).toMatchObject({
                requests: 6,
                costUsd: 17e-6,
                unpriced: 1,
                inputTokens: 60,
                baselineCostUsd: 170e-6,
              });
            });
          },
        ),
        { numRuns: runs },
      ));

    it('sums hours as it sums requests, also after they are pruned', () =>
      withStore(async (store, now) => {
        const at = (i: number) => now - i * 17 * 60_000;
        const records = Array.from({ length: 200 }, (_, i): Rec[] => [
          intentOf(`r${String(i).padStart(4, '0')}`, at(i), { role: i % 3 === 0 ? 'x' : 'y' }),
          outcomeOf(`r${String(i).padStart(4, '0')}`, at(i), BigInt(i)),
        ]).flat();
        await store.append(records);
        const since = at(199);
        const hourly = await store.usage({ since, until: now + 1, by: 'role' });
        const each = await store.usage({ since, until: now + 1, by: 'role', bucket: 'minute' });
        for (const row of hourly) {
          const parts = each.filter((part) => part.group === row.group);
          expect(parts.reduce((sum, part) => sum + part.requests, 0)).toBe(row.requests);
          expect(parts.reduce((sum, part) => sum + part.costUsd, 0)).toBeCloseTo(row.costUsd, 12);
        }
        const before = await store.usage({ since: 0, until: now + 1 });
        let gone = 0;
        for (let n = await store.prune(now - 24 * HOUR); n > 0; n = await store.prune(now - 24 * HOUR)) gone += n;
        expect(gone).toBeGreaterThan(100);
        expect(await store.usage({ since: 0, until: now + 1 })).toEqual(before);
        expect(await store.entry('r0199')).toBeUndefined();
        expect(await store.entry('r0000')).toBeDefined();
      }));

    it.each([
      // Clocks go back in the night to the 29th: it has 25 hours, and its week began on Monday the 23rd.
      {
        zone: 'Europe/Berlin',
        times: [
          '2023-10-22T21:30Z',
          '2023-10-22T22:30Z',
          '2023-10-28T22:30Z',
          '2023-10-29T22:30Z',
          '2023-10-29T23:30Z',
        ],
        days: ['2023-10-21T22:00Z', '2023-10-22T22:00Z', '2023-10-28T22:00Z', '2023-10-28T22:00Z', '2023-10-29T23:00Z'],
        weeks: [
          '2023-10-15T22:00Z',
          '2023-10-22T22:00Z',
          '2023-10-22T22:00Z',
          '2023-10-22T22:00Z',
          '2023-10-29T23:00Z',
        ],
      },
      // Half an hour beside UTC: days end within its hours.
      {
        zone: 'Asia/Kolkata',
        times: [
          '2023-10-29T18:10Z',
          '2023-10-29T18:29Z',
          '2023-10-29T18:31Z',
          '2023-10-30T18:20Z',
          '2023-10-30T18:30Z',
        ],
        days: ['2023-10-28T18:30Z', '2023-10-28T18:30Z', '2023-10-29T18:30Z', '2023-10-29T18:30Z', '2023-10-30T18:30Z'],
        weeks: [
          '2023-10-22T18:30Z',
          '2023-10-22T18:30Z',
          '2023-10-29T18:30Z',
          '2023-10-29T18:30Z',
          '2023-10-29T18:30Z',
        ],
      },
    ])('sums by days and weeks of $zone', ({ zone, times, days, weeks }) =>
      withStore(async (store) => {
        const at = times.map((time) => Date.parse(time));
        // One that is older: of the hour of the oldest request nobody knows whether it is whole.
        const old = Date.parse('2023-10-01T00:00Z');
        await store.append([intentOf('r', old), outcomeOf('r', old, 1n)]);
        await store.append(
          at.flatMap((time, i): Rec[] => [intentOf(`r${i}`, time), outcomeOf(`r${i}`, time, 10n ** BigInt(i))]),
        );
        const since = Date.parse('2023-10-10T00:00Z');
        const until = Date.parse('2023-11-01T00:00Z');
        for (const [bucket, starts] of [['day', days] as const, ['week', weeks] as const]) {
          const expected = new Map<number, number>();
          for (const [i, start] of starts.entries()) {
            const from = Date.parse(start);
            expected.set(from, (expected.get(from) ?? 0) + 10 ** i);
          }
          const rows = await store.usage({ since, until, bucket, zone });
          expect(new Map(rows.map((row) => [row.start, Math.round(row.costUsd * 1e9)]))).toEqual(expected);
        }
      }),
    );

    it('gives requests in the order of their time, page by page, each once', () =>
      withStore(async (store, now) => {
        // Three at a time: ids of one instant are told apart.
        const ids = Array.from({ length: 20 }, (_, i) => `r${String(i).padStart(2, '0')}`);
        const records = ids.flatMap((id, i): Rec[] => [
          intentOf(id, now + Math.floor(i / 3), { tags: { team: 'a' }, user: 'u' }),
          outcomeOf(id, now + Math.floor(i / 3), i === 4 ? null : 1000n),
        ]);
        await store.append([...records, intentOf('open', now + 8)]);
        const lines = [];
        for await (const line of eachLine(store, { since: now + 1, until: now + 9 }, 3)) lines.push(line);
        expect(lines.map(({ id }) => id)).toEqual([...ids.slice(3), 'open']);
        expect(lines[1]).toMatchObject({ status: 'ok', costUsd: null, unpriced: true, tags: { team: 'a' }, user: 'u' });
        expect(lines[2]).toMatchObject({ costUsd: 1e-6, inputTokens: 10, model: 'small', overheadMs: 0.4 });
        expect(lines.at(-1)).toMatchObject({ status: 'open', costUsd: null });
      }));

    it('says what was booked of calls by day and upstream, failed ones included', () =>
      withStore(async (store) => {
        const noon = Date.parse('2026-10-25T12:00Z');
        const call = { model: 'small', upstream: 'p/small', provider: 'p', startedAt: noon, ms: 1 };
        const usage = { input: 10, output: 5, cacheRead: 4 };
        const attempts = [
          { ...call, failure: 'silent' as const, usage: { input: 10, output: 0, estimated: true }, cost: 7n },
          { ...call, usage, cost: 9n },
          { ...call, startedAt: noon + 24 * HOUR, upstream: 'p/big', usage, cost: null },
          { ...call, upstream: 'p/sim', usage, cost: 1n, simulated: true },
        ];
        await store.append([intentOf('r1', noon), outcomeOf('r1', noon, null, { attempts })]);
        expect(await store.booked({ since: noon, until: noon + 25 * HOUR })).toMatchObject([
          {
            day: '2026-10-25',
            upstream: 'p/small',
            calls: 2,
            inputTokens: 20,
            outputTokens: 5,
            cacheReadTokens: 4,
            costUsd: 16e-9,
            unpriced: 0,
            estimated: 1,
          },
          { day: '2026-10-26', upstream: 'p/big', calls: 1, costUsd: 0, unpriced: 1, estimated: 0 },
        ]);
        expect(await store.booked({ since: noon + 1, until: noon + 2 })).toEqual([]);
      }));

    it('prices requests anew, with their sums, once, and as they were booked first', () =>
      withStore(async (store, now) => {
        const priced = (input: number, output: number): Price => ({
          input,
          output,
          provenance: { source: 'config', date: '2026-11-25' },
        });
        const usage = { input: 1000, output: 100 };
        const call = { model: 'small', upstream: 'p/small', provider: 'p', startedAt: now, ms: 1 };
        // 1000×1 + 100×2 micro-dollars
        const known = { ...call, usage, price: priced(1, 2), cost: 1_200_000n };
        const request = (id: string, attempts: Outcome['attempts'], rest: Partial<Outcome> = {}): Rec[] => {
          const intent = intentOf(id, now);
          const decision = { ...intent.decision, baseline: { model: 'big', costUsd: 1 } };
          const costs = attempts.map(({ cost }) => cost);
          const cost = costs.includes(null) ? null : costs.reduce<bigint>((sum, one) => sum + (one ?? 0n), 0n);
          return [{ ...intent, decision }, outcomeOf(id, now, cost, { attempts, usage, baselineCost: null, ...rest })];
        };
        const lost = outcomeOf('r6', now, 9n, { status: 'interrupted', attempts: [], baselineCost: null });
        await store.append([
          ...request('r1', [known]),
          ...request('r2', [{ ...call, usage, cost: null }]),
          ...request('r3', [{ ...call, upstream: 'p/gone', usage, cost: null }]),
          ...request('r4', [{ ...call, cost: 0n, failure: 'busy' }, known, { ...known, upstream: 'p/gone' }]),
          ...request('r5', [{ ...known, model: 'other' }]),
          intentOf('r6', now),
          lost,
        ]);
        const sums = async () => (await store.usage({ since: 0, until: now + HOUR }))[0];
        const exact = async () => (await store.usage({ since: 0, until: now + HOUR, by: 'user' }))[0];
        const before = await sums();
        expect(before).toMatchObject({ costUsd: 0.004_800_009, unpriced: 2, baselineCostUsd: 0 });

        const prices: NewPrices = {
          // 1000×2 + 100×4 micro-dollars
          of: ({ upstream }) => (upstream === 'p/small' ? priced(2, 4) : null),
          // 1000×10 + 100×20
          baseline: (model) => (model === 'big' ? priced(10, 20) : null),
        };
        const window = { since: now, until: now + 1, model: 'small', dryRun: false };
        const expected = { requests: 4, changed: 4, priced: 1, unknown: 1, before: 3_600_000n, after: 8_400_000n };
        expect(await reprice(store, { ...window, dryRun: true }, prices, { page: 2 })).toEqual(expected);
        expect(await sums()).toEqual(before);
        expect(await reprice(store, window, prices, { page: 2 })).toEqual(expected);
        const after = await sums();
        expect(after).toMatchObject({ costUsd: 0.009_600_009, unpriced: 1, baselineCostUsd: 0.048, reservedUsd: 9e-9 });
        expect({ ...(await exact()), group: '' }).toEqual(after);
        expect((await store.entry('r1'))?.outcome).toMatchObject({
          cost: 2_400_000n,
          baselineCost: 12_000_000n,
          attempts: [{ cost: 2_400_000n, price: priced(2, 4) }],
        });
        expect((await store.entry('r4'))?.outcome?.attempts.map(({ cost }) => cost)).toEqual([
          0n,
          2_400_000n,
          1_200_000n,
        ]);
        expect((await store.entry('r5'))?.outcome?.cost).toBe(1_200_000n);
        expect((await store.prices()).map(({ price }) => price.input).sort((a, b) => a - b)).toEqual([1, 1, 2]);

        expect(await reprice(store, window, prices)).toMatchObject({
          changed: 0,
          before: 8_400_000n,
          after: 8_400_000n,
        });
        expect(await sums()).toEqual(after);
        expect(await reprice(store, window, 'original')).toMatchObject({ changed: 4, after: 3_600_000n, unknown: 2 });
        expect(await sums()).toEqual(before);
        expect((await store.entry('r1'))?.outcome).toMatchObject({
          cost: 1_200_000n,
          baselineCost: null,
          attempts: [{ cost: 1_200_000n, price: priced(1, 2) }],
        });
      }));

    it('books what a dead process had in flight as interrupted, at its reserve, once', () =>
      withStore(async (store, now) => {
        const origin = { source: 'dead', at: { segment: 's', offset: 9 } };
        await store.append([intentOf('r1', now - 5), intentOf('r2', now - 5), outcomeOf('r2', now, 1000n)], origin);
        await store.append([intentOf('r3', now - 5)], { ...origin, source: 'alive' });
        expect(await store.interrupt('dead', now + 1)).toBe(1);
        expect(await store.interrupt('dead', now + 1)).toBe(0);
        expect((await store.entry('r1'))?.outcome).toMatchObject({ status: 'interrupted', cost: 5000n });
        expect((await store.entry('r3'))?.outcome).toBeUndefined();
        const [total] = await store.usage({ since: 0, until: now + 1 });
        expect(total).toMatchObject({
          requests: 2,
          interrupted: 1,
          costUsd: 6e-6,
          reservedUsd: 5e-6,
          estimated: 1,
          unpriced: 0,
        });
        // Its true end, should it still come.
        await store.append([outcomeOf('r1', now, 700n)]);
        expect((await store.usage({ since: 0, until: now + 1 }))[0]).toMatchObject({
          interrupted: 0,
          costUsd: 1.7e-6,
          reservedUsd: 0,
        });
      }));

    it('books what was in flight without a known price as unpriced, never as free', () =>
      withStore(async (store, now) => {
        const origin = { source: 'dead', at: { segment: 's', offset: 9 } };
        const intent = { ...intentOf('r1', now - 5), reserve: null };
        await store.append([intent, { ...intentOf('r2', now - 5), reserve: 0n }], origin);
        expect((await store.entry('r1'))?.intent).toEqual(intent);
        expect(await store.interrupt('dead', now + 1)).toBe(2);
        expect((await store.entry('r1'))?.outcome).toMatchObject({ status: 'interrupted', cost: null });
        // A local model has a price: it is 0.
        expect((await store.entry('r2'))?.outcome).toMatchObject({ status: 'interrupted', cost: 0n });
        const [total] = await store.usage({ since: 0, until: now + 1 });
        expect(total).toMatchObject({ interrupted: 2, unpriced: 1, costUsd: 0 });
      }));

    it('tells an estimate before the answer from an estimate of the answer', () =>
      withStore(async (store, now) => {
        const outcome = outcomeOf('r1', now, 9000n);
        const wasted = { model: 'big', upstream: 'p/big', provider: 'p', failure: 'silent' as const, startedAt: now };
        const attempts = [
          { ...wasted, ms: 5, usage: { input: 8, output: 0, estimated: true }, cost: 8000n },
          ...outcome.attempts,
        ];
        await store.append([intentOf('r1', now), { ...outcome, attempts }]);
        expect((await store.entry('r1'))?.outcome).toEqual({ ...outcome, attempts });
        expect((await store.usage({ since: 0, until: now + 1 }))[0]).toMatchObject({ estimated: 1 });
      }));

    it('takes a count that no model has, and goes on', () =>
      withStore(async (store, now) => {
        const claim = { usage: { input: 1e300, output: 5 } };
        for (const id of ['r1', 'r2']) {
          await store.append([intentOf(id, now), outcomeOf(id, now, 1n, { ...claim, overheadMs: 1e300 })]);
        }
        const [total] = await store.usage({ since: 0, until: now + 1 });
        expect(total).toMatchObject({ requests: 2, outputTokens: 10, costUsd: 2e-9 });
        expect(total?.inputTokens).toBeGreaterThan(1e12);
      }));

    it('takes names of any length, and goes on', () =>
      withStore(async (store, now) => {
        // Nothing that a database could compress into its index.
        const long = Array.from({ length: 300 }, (_, i) => createHash('sha256').update(String(i)).digest('hex')).join(
          '',
        );
        const intent = intentOf('r1', now, { session: long, user: long, requested: long });
        const decision = { ...intent.decision, chosen: long };
        const score = { ...feedbackOf('f1', 'r1', now), session: long };
        await store.append([{ ...intent, decision }, outcomeOf('r1', now, 1n, { model: long }), score]);
        expect((await store.entry('r1'))?.intent).toMatchObject({
          request: { requested: long },
          decision: { chosen: long },
        });
        expect(await store.entries({ limit: 5, session: long, model: long })).toHaveLength(1);
        expect((await store.usage({ since: 0, until: now + 1 }))[0]).toMatchObject({ requests: 1, fallbacks: 0 });
      }));

    it('remembers positions with the records, and forgets them', () =>
      withStore(async (store, now) => {
        expect(await store.position('a')).toBeUndefined();
        await store.append([intentOf('r1', now)], { source: 'a', at: { segment: 'a-1.log', offset: 77 } });
        expect(await store.position('a')).toEqual({ segment: 'a-1.log', offset: 77 });
        await store.forget('a');
        expect(await store.position('a')).toBeUndefined();
      }));

    it('pages through requests and filters them', () =>
      withStore(async (store, now) => {
        await store.append(
          Array.from({ length: 9 }, (_, i): Rec[] => [
            intentOf(`r${i}`, now + i, i % 2 === 0 ? { key: 'k' } : {}),
            ...(i === 8 ? [] : [outcomeOf(`r${i}`, now + i, 1n, i === 4 ? { status: 'failed' } : {})]),
          ]).flat(),
        );
        const ids = async (filter: object) =>
          (await store.entries({ limit: 4, ...filter })).map(({ intent }) => intent.id);
        expect(await ids({})).toEqual(['r8', 'r7', 'r6', 'r5']);
        expect(await ids({ after: 'r5' })).toEqual(['r4', 'r3', 'r2', 'r1']);
        expect(await ids({ key: 'k', status: 'failed' })).toEqual(['r4']);
        expect(await ids({ status: 'open' })).toEqual(['r8']);
        expect(await ids({ status: 'ok', limit: 9 })).toHaveLength(7);
        expect(await ids({ model: 'small', after: 'r2' })).toEqual(['r1', 'r0']);
        for (const none of [
          { model: "x' or 1=1 --" },
          { role: 'nobody' },
          { key: 'nobody' },
          { session: 'nobody' },
          { status: 'cancelled' },
          { model: 'small', status: 'interrupted' },
        ]) {
          expect(await ids(none)).toEqual([]);
        }
      }));
  });
}
