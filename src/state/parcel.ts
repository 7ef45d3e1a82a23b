import type { Entry } from './replica.ts';

/** What goes over a channel; its sender ignores its own, or knows by it where its writes stand among all others. */
export interface Parcel {
  readonly from: string;
  readonly items: readonly unknown[];
}

/** Reads a {@link Parcel}; what is none has no sender and nothing in it. */
export function readParcel(text: string): Parcel {
  try {
    const parcel: unknown = JSON.parse(text);
    const { from, items } = Object(parcel) as { readonly from?: unknown; readonly items?: unknown };
    return { from: String(from), items: Array.isArray(items) ? items : [] };
  } catch {
    return { from: '', items: [] };
  }
}

/** A cell as a parcel holds it; nothing when it is none. */
export function readEntry(item: unknown): Entry[] {
  if (!Array.isArray(item)) return [];
  const [key, value, ttl]: unknown[] = item;
  return typeof key === 'string' ? [[key, value, typeof ttl === 'number' ? ttl : undefined]] : [];
}
