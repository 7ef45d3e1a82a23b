import { describe, expect, it } from 'vitest';
import { bandFloor } from './band.ts';

describe('bandFloor', () => {
  it('is the lowest quality within one standard error of the difference to the best', () => {
    const top = { quality: 0.9, stderr: 0.03 };
    // √(.03² + .04²) = .05: .86 is in, .84 is out; .7 ± .3 is in by its own wide error and takes .84 with it.
    expect(bandFloor(top, [top, { quality: 0.86, stderr: 0.04 }, { quality: 0.84, stderr: 0.04 }])).toBe(0.86);
    expect(bandFloor(top, [top, { quality: 0.7, stderr: 0.3 }])).toBe(0.7);
    expect(bandFloor({ quality: 0.9, stderr: 0 }, [{ quality: 0.89, stderr: 0 }])).toBe(0.9);
  });
});
