import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { manualClock } from '../state/conformance.ts';
import { erasureOf, type ForgetFilter } from './erasure.ts';
import { feedbackOf, intentOf, outcomeOf } from './fixtures.ts';
import { forget } from './forget.ts';
import type { Intent, Rec } from './record.ts';
import type { Store } from './store.ts';

type Open = (clock: Clock) => Promise<Store>;

async function withStore(open: Open, work: (store: Store, now: number) => Promise<void>): Promise<void> {
  const clock = manualClock();
  const store = await open(clock);
  try {
    await work(store, clock.now());
  } finally {
    await store.close();
  }
}

const prompt = { version: 1, features: 'AAAA', body: '{"q":"secret"}', cut: true };
const request = (id: string, at: number, who: Partial<Intent['request']> = {}): Rec[] => {
  const intent = intentOf(id, at, who);
  const query = { ...intent.decision.query, signals: { words: 3 }, session: who.session };
  const [attempt] = outcomeOf(id, at, 7n).attempts;
  const attempts = attempt === undefined ? [] : [{ ...attempt, failure: 'sick' as const, error: 'secret' }, attempt];
  return [
    { ...intent, prompt, decision: { ...intent.decision, query } },
    outcomeOf(id, at + 5, 14n, { attempts }),
    { ...feedbackOf(`f-${id}`, id, at + 6), comment: 'secret', ...(who.key === undefined ? {} : { key: who.key }) },
  ];
};
const forgetAll = (store: Store, filter: ForgetFilter, now: number) =>
  forget({ store, flush: async () => true }, filter, { id: `e${now}`, now });
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
const promptsOf = async (store: Store) => (await store.prompts({ limit: 1000 })).map(({ id }) => id);

function keeping(name: string, open: Open): void {
  describe(`what is kept of prompts: ${name}`, () => {
    it('is given back apart from its request, page by page', () =>
      withStore(open, async (store, now) => {
        await store.append(['r1', 'r2', 'r3'].flatMap((id) => request(id, now, { key: 'k', session: 's' })));
        await store.append([intentOf('r4', now)]);
        const kept = { ...prompt, at: now, key: 'k', session: 's' };
        expect(await store.prompts({ limit: 2 })).toEqual([
          { ...kept, id: 'r1' },
          { ...kept, id: 'r2' },
        ]);
        expect(await store.prompts({ limit: 2, after: 'r2' })).toEqual([{ ...kept, id: 'r3' }]);
        expect(await store.prompts({ limit: 9, ids: ['r2', 'r4'] })).toMatchObject([{ id: 'r2' }]);
        expect(JSON.stringify((await store.entry('r1'))?.intent.decision)).not.toContain('secret');
        expect((await store.entry('r1'))?.intent).not.toHaveProperty('prompt');
      }));

    it('goes before its request where it is kept for less long', () =>
      withStore(open, async (store, now) => {
        await store.append([...request('r1', now - 50), ...request('r2', now - 10), ...request('r3', now)]);
        while ((await store.prune(now - 40, now - 5)) > 0) continue;
        expect(await promptsOf(store)).toEqual(['r3']);
        expect((await store.entries({ limit: 9 })).map(({ intent }) => intent.id)).toEqual(['r3', 'r2']);
        while ((await store.prune(now + 1)) > 0) continue;
        expect(await promptsOf(store)).toEqual([]);
      }));
  });
}

function forgetting(name: string, open: Open): void {
  describe(`what is forgotten: ${name}`, () => {
    it.each<[string, ForgetFilter, string[]]>([
      ['a key', { key: 'k1' }, ['r1', 'r2', 'r3']],
      ['a session', { session: 's1' }, ['r1', 'r4']],
      ['an end user', { user: 'u1' }, ['r2', 'r4']],
      ['a key’s session', { key: 'k1', session: 's1' }, ['r1']],
      ['nobody', { user: 'u1', session: 's2' }, []],
    ])('is forgotten of %s, with names, signals, comments and what failures said; money stays', (_what, filter, gone) =>
      withStore(open, async (store, now) => {
        await store.append([
          ...request('r1', now, { key: 'k1', session: 's1' }),
          ...request('r2', now, { key: 'k1', user: 'u1' }),
          ...request('r3', now, { key: 'k1' }),
          ...request('r4', now, { key: 'k2', session: 's1', user: 'u1' }),
          ...request('r5', now, { session: 's3' }),
          { ...feedbackOf('f9', 'none', now), session: 's1', key: 'k1', comment: 'secret' },
        ]);
        const sums = await store.usage({ since: 0, until: now + 1, by: 'key' });
        const before = await store.entries({ limit: 9 });
        const done = await forgetAll(store, filter, now + 100);
        // The score of a session alone counts where its key or session is meant.
        const alone = gone.includes('r1') ? 1 : 0;
        expect(done).toMatchObject({ requests: gone.length, prompts: gone.length, feedback: gone.length + alone });
        expect(await store.usage({ since: 0, until: now + 1, by: 'key' })).toEqual(sums);
        for (const { intent, outcome, feedback } of await store.entries({ limit: 9 })) {
          const was = before.find((entry) => entry.intent.id === intent.id);
          if (!gone.includes(intent.id)) {
            expect({ intent, outcome, feedback }).toEqual(was);
            continue;
          }
          const { session: _session, user: _user, ...who } = was?.intent.request ?? {};
          expect(intent.request).toEqual(who);
          expect(intent.decision.query).toMatchObject({ inputTokens: expect.any(Number), signals: {} });
          expect(textOf([intent.decision, outcome?.attempts, feedback])).not.toMatch(/secret|words|"s1"/);
          expect(outcome).toMatchObject({ cost: 14n, attempts: [{ failure: 'sick' }, { cost: 7n }] });
          expect(feedback).toMatchObject([{ id: `f-${intent.id}`, score: 0.5 }]);
        }
        expect(await promptsOf(store)).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'].filter((id) => !gone.includes(id)));
        expect(await forgetAll(store, filter, now + 200)).toMatchObject({ requests: 0, prompts: 0, feedback: 0 });
      }),
    );
  });
}

function forgettingMuch(name: string, open: Open): void {
  describe(`what is forgotten, late or much: ${name}`, () => {
    it('is forgotten by age, in pages', () =>
      withStore(open, async (store, now) => {
        const ids = Array.from({ length: 450 }, (_, i) => `r${String(i).padStart(3, '0')}`);
        await store.append(ids.flatMap((id, i) => request(id, now + Math.floor(i / 3), { user: 'u' })));
        let pages = 0;
        const onPage = () => void pages++;
        const filter = { before: now + 140 };
        const options = { id: 'e1', now: now + 1000, onPage };
        const done = await forget({ store, flush: async () => true }, filter, options);
        expect(done).toMatchObject({ requests: 420, prompts: 420 });
        expect(pages).toBeGreaterThan(2);
        expect(await promptsOf(store)).toEqual(ids.slice(420));
        const users = await store.usage({ since: 0, until: now + 1000, by: 'user' });
        expect(users.map(({ group, requests }) => [group, requests])).toEqual([
          ['', 420],
          ['u', 30],
        ]);
      }));

    it('is not stored any more of records that come late', () =>
      withStore(open, async (store, now) => {
        await store.append(request('r1', now, { key: 'k1', session: 's1' }).slice(0, 1));
        await forgetAll(store, { session: 's1' }, now + 100);
        const [, outcome, feedback] = request('r1', now, { key: 'k1', session: 's1' });
        if (outcome !== undefined && feedback !== undefined) await store.append([outcome, feedback]);
        // Of another journal the score may come first.
        const late = request('r2', now + 50, { session: 's1' });
        await store.append(late.slice(2));
        await store.append(late.slice(0, 2));
        await store.append(request('r3', now + 101, { session: 's1' }));
        await store.append([{ ...feedbackOf('f9', 'none', now), session: 's1', comment: 'secret' }]);
        expect(textOf([await store.entry('r1'), await store.entry('r2')])).not.toMatch(/secret|words|"s1"/);
        expect((await store.entry('r1'))?.outcome?.cost).toBe(14n);
        expect((await store.entry('r3'))?.intent.request.session).toBe('s1');
        expect(await promptsOf(store)).toEqual(['r3']);
        // What was asked to be forgotten is known by its hash alone.
        const [erasure, ...others] = await store.erasures.list();
        expect(others).toEqual([]);
        expect(erasure).toEqual(erasureOf({ session: 's1' }, `e${now + 100}`, now + 100));
        expect(erasure?.session).toMatch(/^[0-9a-f]{64}$/);
        expect(await store.erasures.list(erasure?.id)).toEqual([]);
        while ((await store.prune(now + 101)) > 0) continue;
        expect(await store.erasures.list()).toEqual([]);
      }));
  });
}

/** What every store keeps of prompts, and forgets when it is told to. */
export function erasureConformance(name: string, open: Open): void {
  keeping(name, open);
  forgetting(name, open);
  forgettingMuch(name, open);
}
