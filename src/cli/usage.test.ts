import { describe, expect, it } from 'vitest';
import { momentOf, queryOf, stretchOf } from './usage-window.ts';

const now = Date.parse('2026-03-04T05:06:07.890Z');
const iso = (at: number) => new Date(at).toISOString();

describe('--window', () => {
  it.each([
    ['hour', '2026-03-04T04:06:07.890Z'],
    ['24h', '2026-03-03T05:06:07.890Z'],
    ['7d', '2026-02-25T05:06:07.890Z'],
    ['30d', '2026-02-02T05:06:07.890Z'],
    ['all', '1970-01-01T00:00:00.000Z'],
  ])('%s begins at %s', (window, begins) => {
    const query = queryOf({ window, by: 'model', zone: 'UTC' }, now);
    expect([iso(query.since ?? Number.NaN), query.until]).toEqual([begins, now + 1]);
  });

  it.each(['today', 'week', 'month'] as const)('%s is a period of the zone’s calendar', (window) => {
    const query = queryOf({ window, by: 'tag', zone: 'Asia/Tokyo' }, now);
    expect(query).toEqual({ period: window, by: 'tag', zone: 'Asia/Tokyo' });
  });

  it.each([
    [{ window: 'fortnight', by: 'model', zone: 'UTC' }, /--window takes today, week/],
    [{ window: '7d', by: 'shoe', zone: 'UTC' }, /--by takes model, role/],
    [{ window: '7d', by: 'model', zone: 'Europe/Atlantis' }, /none called "Europe\/Atlantis"/],
  ])('%o is refused', (args, message) => {
    expect(() => queryOf(args, now)).toThrow(message);
  });
});

describe('--since and --until', () => {
  it.each([
    ['2026-03-01', 'UTC', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01', 'Europe/Berlin', '2026-02-28T23:00:00.000Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-03-01T10:00:00Z', 'Europe/Berlin', '2026-03-01T10:00:00.000Z'],
    ['36h', 'Europe/Berlin', '2026-03-02T17:06:07.890Z'],
  ])('%s in %s is %s', (text, zone, at) => {
    expect(iso(momentOf(text, 'since', zone, now))).toBe(at);
  });

  it.each(['yesterday', '03/04/2026', '2026-13-01', ''])('%j is refused', (text) => {
    expect(() => momentOf(text, 'since', 'UTC', now)).toThrow(/--since takes 2026-11-01/);
  });

  it('says that a beginning lies in the future', () => {
    expect(() => stretchOf({ since: '2026-03-05', zone: 'UTC' }, now, 0)).toThrow(
      '--since 2026-03-05 lies in the future: it is 2026-03-04T05:06:07.890Z now',
    );
  });

  it('must be in order', () => {
    expect(() => stretchOf({ since: '2026-03-02', until: '2026-03-01', zone: 'UTC' }, now, 0)).toThrow(
      /before --until/,
    );
    expect(stretchOf({ until: '2026-03-02', zone: 'UTC' }, now, 5)).toEqual({
      since: 5,
      until: Date.parse('2026-03-02'),
      zone: 'UTC',
    });
  });
});
