import { postgres } from './postgres/kind.ts';
import { sqlite } from './sqlite-kind.ts';
import type { StoreKind } from './store-kind.ts';

/** Every kind of store. A new one is its file and its line here. */
export const STORE_KINDS: readonly StoreKind[] = [sqlite, postgres];
