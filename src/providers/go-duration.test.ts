import { expect, it } from 'vitest';
import { goDuration } from './go-duration.ts';

it.each([
  ['6m0s', 360_000],
  ['20ms', 20],
  ['1h2m3.5s', 3_723_500],
  ['2m59.56s', 179_560],
  ['500µs', 0.5],
  ['0s', 0],
])('%s is %d ms', (text, ms) => expect(goDuration(text)).toBeCloseTo(ms, 6));

it.each(['', 'soon', '5', 's', '5s!', '-5s', '1d', '5 s'])('"%s" is no duration', (text) =>
  expect(goDuration(text)).toBeUndefined(),
);
