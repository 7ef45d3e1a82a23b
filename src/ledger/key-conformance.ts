import { describe, expect, it } from 'vitest';
import type { KeyStore, StoredKey } from '../access/key-store.ts';
import type { Clock } from '../clock.ts';
import { manualClock } from '../state/conformance.ts';
import { intentOf } from './fixtures.ts';
import type { Store } from './store.ts';

const hex = (digit: string): string => digit.repeat(64);

const bare = (name: string, digit: string): StoredKey => ({
  name,
  sha256: hex(digit),
  admin: false,
  scopes: ['inference'],
  createdAt: 1_700_000_000_000,
});

/** What every store keeps of keys. `open` gives an empty one. */
export function keyConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const withKeys = async (work: (keys: KeyStore, store: Store) => Promise<void>): Promise<void> => {
    const store = await open(manualClock());
    try {
      await work(store.keys, store);
    } finally {
      await store.close();
    }
  };

  describe(`keys: ${name}`, () => {
    it('gives back what it was given, by name', () =>
      withKeys(async (keys) => {
        const full: StoredKey = {
          ...bare('b@team.x', 'a'),
          admin: true,
          scopes: ['usage', 'feedback'],
          models: ['m', `o'; drop table keys; --`],
          roles: ['r'],
          limits: { rpm: 5, tpm: 1000, parallel: 2 },
          budget: { usd: 0.5, per: 'month', zone: 'Europe/Berlin', atLimit: 'refuse' },
          expiresAt: 1_800_000_000_000,
        };
        expect(await keys.list()).toEqual([]);
        expect(await keys.insert(full)).toBe(true);
        expect(await keys.insert(bare('a', 'b'))).toBe(true);
        expect(await keys.list()).toEqual([bare('a', 'b'), full]);
      }));

    it('gives a name once', () =>
      withKeys(async (keys) => {
        await keys.insert(bare('a', 'a'));
        expect(await keys.insert(bare('a', 'b'))).toBe(false);
        await keys.revoke('a', 5);
        expect(await keys.insert(bare('a', 'c'))).toBe(false);
        expect((await keys.list()).map(({ sha256 }) => sha256)).toEqual([hex('a')]);
      }));

    it('revokes for good, once', () =>
      withKeys(async (keys) => {
        await keys.insert(bare('a', 'a'));
        expect(await keys.revoke('a', 5)).toEqual({ ...bare('a', 'a'), revokedAt: 5 });
        expect(await keys.revoke('a', 9)).toMatchObject({ revokedAt: 5 });
        expect(await keys.rotate('a', { sha256: hex('b'), at: 9, until: 10 })).toBeUndefined();
        expect(await keys.revoke("' or 1=1 --", 9)).toBeUndefined();
      }));

    it('keeps the secret that a rotation replaced, and no older one', () =>
      withKeys(async (keys) => {
        await keys.insert(bare('a', 'a'));
        await keys.rotate('a', { sha256: hex('b'), at: 5, until: 10 });
        const rotated = { ...bare('a', 'c'), previous: { sha256: hex('b'), until: 20 }, rotatedAt: 9 };
        expect(await keys.rotate('a', { sha256: hex('c'), at: 9, until: 20 })).toEqual(rotated);
        expect(await keys.list()).toEqual([rotated]);
        expect(await keys.rotate('none', { sha256: hex('d'), at: 9, until: 20 })).toBeUndefined();
      }));

    it('has a revision that every change makes larger, and nothing else', () =>
      withKeys(async (keys) => {
        const seen = [await keys.revision()];
        const changes = [
          () => keys.insert(bare('a', 'a')),
          () => keys.insert(bare('b', 'b')),
          () => keys.rotate('a', { sha256: hex('c'), at: 5, until: 5 }),
          () => keys.revoke('b', 5),
        ];
        for (const change of changes) {
          await change();
          seen.push(await keys.revision());
        }
        expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        await keys.revoke('b', 6);
        await keys.insert(bare('a', 'd'));
        expect(await keys.revision()).toBe(seen.at(-1));
      }));

    it('knows when a key was used last', () =>
      withKeys(async (keys, store) => {
        await store.append([
          intentOf('r1', 100, { key: 'a' }),
          intentOf('r2', 200, { key: 'a' }),
          intentOf('r3', 300, { key: 'b' }),
        ]);
        expect(await keys.lastUsed(['a', 'c'])).toEqual(new Map([['a', 200]]));
      }));
  });
}
