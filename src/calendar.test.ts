import { describe, expect, it } from 'vitest';
import { isZone, periodOf, type Period } from './calendar.ts';

const shown = (at: string, per: Period, zone: string) => {
  const { start, end } = periodOf(Date.parse(at), per, zone);
  return [new Date(start).toISOString(), new Date(end).toISOString()];
};

describe('periods of the calendar', () => {
  it.each<[string, Period, string, string, string]>([
    ['2026-11-25T14:30:00Z', 'hour', 'UTC', '2026-11-25T14:00:00.000Z', '2026-11-25T15:00:00.000Z'],
    ['2026-11-25T14:30:00Z', 'hour', 'Asia/Kolkata', '2026-11-25T14:30:00.000Z', '2026-11-25T15:30:00.000Z'],
    ['2026-11-25T23:30:00Z', 'day', 'UTC', '2026-11-25T00:00:00.000Z', '2026-11-26T00:00:00.000Z'],
    ['2026-11-25T23:30:00Z', 'day', 'Europe/Berlin', '2026-11-25T23:00:00.000Z', '2026-11-26T23:00:00.000Z'],
    // Clocks go back on the 25th of October and forth on the 29th of March: days of 25 and 23 hours.
    ['2026-10-25T12:00:00Z', 'day', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['2026-03-29T12:00:00Z', 'day', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['2026-11-25T12:00:00Z', 'week', 'UTC', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
    ['2026-11-29T23:59:59Z', 'week', 'UTC', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
    ['2026-12-31T23:30:00Z', 'month', 'UTC', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-12-31T23:30:00Z', 'month', 'Asia/Tokyo', '2026-12-31T15:00:00.000Z', '2027-01-31T15:00:00.000Z'],
    // Clocks leap over midnight: the day begins at one. And Samoa had no 30th of December.
    ['2026-09-06T12:00:00Z', 'day', 'America/Santiago', '2026-09-06T04:00:00.000Z', '2026-09-07T03:00:00.000Z'],
    ['2026-09-06T03:30:00Z', 'day', 'America/Santiago', '2026-09-05T04:00:00.000Z', '2026-09-06T04:00:00.000Z'],
    ['2011-12-30T09:00:00Z', 'day', 'Pacific/Apia', '2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'],
    ['2024-02-29T01:00:00Z', 'month', 'America/New_York', '2024-02-01T05:00:00.000Z', '2024-03-01T05:00:00.000Z'],
  ])('%s is in the %s of %s from %s to %s', (at, per, zone, start, end) => {
    expect(shown(at, per, zone)).toEqual([start, end]);
  });

  it('follow each other without a gap, whatever the zone', () => {
    for (const zone of ['UTC', 'Europe/London', 'America/Santiago', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      for (const per of ['hour', 'day', 'week', 'month'] as const) {
        let at = Date.parse('2026-01-01T05:17:00Z');
        for (let n = 0; n < 60; n++) {
          const { start, end } = periodOf(at, per, zone);
          expect(start).toBeLessThanOrEqual(at);
          expect(end).toBeGreaterThan(at);
          expect(periodOf(end - 1, per, zone)).toEqual({ start, end });
          expect(periodOf(end, per, zone).start).toBe(end);
          at = end;
        }
      }
    }
  });

  it('know the names of zones', () => {
    expect(isZone('Europe/Berlin')).toBe(true);
    expect(isZone('Europe/Atlantis')).toBe(false);
  });
});
