import type { Lease } from './state.ts';

/** Nothing was taken. */
export const refused = (retryAfter: number, used: number): Lease => ({
  granted: false,
  retryAfter,
  used,
  release: () => {},
});

/** A lease whose `back` is called once, with what is to be given back. */
export function granted(used: number, back: (unused: number) => void): Lease {
  let open = true;
  return {
    granted: true,
    retryAfter: 0,
    used,
    release(unused) {
      if (!open) return;
      open = false;
      back(unused);
    },
  };
}
